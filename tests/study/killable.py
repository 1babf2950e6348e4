"""Runs a small study up to a named moment, says so in a file, and waits there to be killed.

python killable.py MOMENT MARKER OUT CACHE
"""

from __future__ import annotations

import json
import os
import signal
import sys
from pathlib import Path

from small_study import plan

from ablate.results import formats, record, whole
from ablate.study.conduct import study
from ablate.study.view import View

SMALLER = {"strategies": [], "seeds": 1}  # than the study that tests share: the two references, one fresh seed
RUNS = {"tuning": "trial 1", "confirming": "fresh seed 0"}  # of "as-asked", the second arm


class Stopping(View):
    """Stops in the middle of a run, or while a file is written."""

    def __init__(self, moment: str, marker: Path) -> None:
        self._moment, self._marker, self._arm, self._what, self._steps = moment, marker, "", "", 0

    def begin(self, arm: str, what: str, steps: int) -> None:
        self._arm, self._what = arm, what

    def step(self, step: int) -> None:
        self._steps = step
        if self._arm == "as-asked" and self._what == RUNS.get(self._moment) and step == 3:
            self.stop()

    def write(self, path: Path, data: bytes) -> None:
        """In place of ``write_whole``: stops before a confirming run's JSON, its arrays being there; or half way
        through a board.
        """
        record_of_a_run = path.suffix == ".json" and path.with_suffix(".npz").exists() and self._arm == "as-asked"
        if self._moment == "writing" and record_of_a_run:
            self.stop()
        if self._moment == "board" and path.name == "leaderboard.json":
            path.with_name(f".{path.name}.{os.getpid()}.tmp").write_bytes(data[: len(data) // 2])
            self.stop()
        whole.write_whole(path, data)

    def stop(self) -> None:
        told = {"arm": self._arm, "what": self._what, "steps": self._steps}
        draft = self._marker.with_suffix(".tmp")
        draft.write_text(json.dumps(told))
        draft.replace(self._marker)
        while True:
            signal.pause()


if __name__ == "__main__":
    moment, marker, out, cache = sys.argv[1:]
    view = Stopping(moment, Path(marker))
    record.write_whole = formats.write_whole = view.write
    study(plan(Path(out), Path(cache), **SMALLER), view)
