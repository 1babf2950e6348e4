"""The board of an output folder, from its records and its plan."""

from __future__ import annotations

import sys
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from ablate.errors import AblateError
from ablate.results.board import Board, board
from ablate.results.importances import importances_of
from ablate.results.labels import labels_table
from ablate.results.record import Body, Records


def board_of(out: Path) -> tuple[Board, pd.DataFrame, list[str]]:
    """Board, per-label table, and a message for each file in ``records/`` that was not trusted.

    Raises:
        AblateError: the folder holds no study.
    """
    found = read(out)
    return found.board, found.labels, found.records.skipped


@dataclass(frozen=True, eq=False)
class Read:
    """All that a study folder says: its plan, its records, and the board and per-label table made of them."""

    folder: Path
    plan: dict[str, Any]
    records: Records
    bodies: list[Body]
    board: Board
    labels: pd.DataFrame


def say_skipped(found: Read, of: str = "") -> None:
    """Name on stderr each file in ``records/`` that was not trusted; ``of`` says which folder, where there are more."""
    for message in found.records.skipped:
        print(f"records{of}: {message}; it is left out", file=sys.stderr)


def read(out: Path) -> Read:
    """Read a study folder, from its plan and its records alone.

    Raises:
        AblateError: the folder holds no study.
    """
    plan = _plan(out / "study.toml")
    records = Records(out / "records")
    bodies = records.all()
    whole = board(bodies, records, plan) | importances_of(out, bodies)
    return Read(out, plan, records, bodies, whole, labels_table(bodies, records))


def read_all(folders: Sequence[Path]) -> list[Read]:
    """Read several study folders.

    Raises:
        AblateError: a folder holds no study, or is given twice; there is none.
    """
    if not folders:
        raise AblateError("no output folder is given; give that of a study, such as results/NAME")
    seen: set[Path] = set()
    for folder in folders:
        if folder.resolve() in seen:
            raise AblateError(f"'{folder}' is given twice; give each output folder once")
        seen.add(folder.resolve())
    return [read(folder) for folder in folders]


def _plan(path: Path) -> dict[str, Any]:
    if not path.is_file():
        raise AblateError(
            f"'{path.parent}' is not the output folder of a study: it has no study.toml; give one that has"
        )
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise AblateError(f"'{path}' is not TOML: {error}") from error
