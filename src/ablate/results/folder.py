"""The board of an output folder, from its records and its plan."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pandas as pd

from ablate.errors import AblateError
from ablate.results.labels import labels_table
from ablate.results.leaderboard import Board, board
from ablate.results.record import Records


def board_of(out: Path) -> tuple[Board, pd.DataFrame, list[str]]:
    """Board, per-label table, and a message for each file in ``records/`` that was not trusted.

    Raises:
        AblateError: the folder holds no study.
    """
    plan = out / "study.toml"
    if not plan.is_file():
        raise AblateError(f"'{out}' is not the output folder of a study: it has no study.toml; give one that has")
    try:
        options = tomllib.loads(plan.read_text("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise AblateError(f"'{plan}' is not TOML: {error}") from error
    records = Records(out / "records")
    bodies = records.all()
    return board(bodies, records, options), labels_table(bodies, records), records.skipped
