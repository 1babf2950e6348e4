"""``from ablate.study import study``: a study from Python or a notebook."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pandas as pd
from rich.console import Console

from ablate.results.frames import board_frame, study_frame
from ablate.study.command import plan_of
from ablate.study.conduct import complete, dry_run
from ablate.study.display import display


def study(plan: str | os.PathLike[str] | None = None, **options: Any) -> pd.DataFrame:
    """Run what is missing of a study, showing its progress, and give its board.

    ``plan`` is a study file; ``options`` are its keys (see docs/reference/study-file.md) and win over the file:
    ``study(data="my.csv", strategies=["focal", "softmax"], hours=2)``. Without any it runs on generated data. The same
    call again goes on where it stopped. The frame is that of :func:`ablate.results.leaderboard`; everything else lies
    in the output folder, ``frame.attrs["folder"]``. With ``dry_run=True`` what would run is printed, and the frame is
    empty.

    Raises:
        AblateError: an unknown option, or anything else that the user can mend; nothing finished is ever lost.
    """
    given = {key: _plain(value) for key, value in options.items() if value is not None}
    if isinstance(given.get("plugin"), str):
        given["plugin"] = [given["plugin"]]
    asked = plan_of(None if plan is None else Path(plan), given, [], "study()")
    if asked.dry_run:
        with display(Console(), quiet=False) as view:
            lines = dry_run(asked, view)
        print(*lines, sep="\n")
        return board_frame([])
    with display(Console(), asked.quiet) as view:
        found = complete(asked, view)
    return study_frame(found)


def _plain(value: Any) -> Any:
    """Paths as text, also in lists: the plan is one of text and numbers."""
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return os.fspath(value) if isinstance(value, os.PathLike) else value
