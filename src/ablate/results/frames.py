"""Boards as pandas frames, which a notebook shows as tables."""

from __future__ import annotations

import io
import os
from collections.abc import Hashable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from ablate.results.across import Table, across
from ablate.results.across_formats import figures, notes_of
from ablate.results.board import Board
from ablate.results.folder import Read, read, read_all
from ablate.results.formats import to_csv
from ablate.results.recommendation import recommend
from ablate.results.recommendation_words import words
from ablate.results.rows import Row
from ablate.results.story import footnotes, headline, sentence
from ablate.results.tags import only

KINDS = {
    "rank": "Int64",
    "kind": "str",
    "runs": "Int64",
    "trials": "Int64",
    "better": "boolean",
    "tied_with_leader": "boolean",
    "costs_micro": "boolean",
    "settled": "str",
}
"""Columns that are no floats; what is not known is missing, not False."""


def leaderboard(*folders: str | os.PathLike[str], tag: str | Sequence[str] = (), wide: bool = False) -> pd.DataFrame:
    """The board of a study from its records, a row per strategy; or several studies side by side.

    One folder: see :func:`board_frame`; ``wide`` gives every figure, as ``leaderboard.csv``. Several: average ranks,
    and the figures of each study under its name (two levels of columns). ``tag`` chooses strategies, whose ranks and
    marks stay those among all; baseline and references stay. Shares are between 0 and 1. ``attrs`` of the frame say
    what it is of (``headline``, or ``columns``) and what it rests on (``notes``); for one study also what it says
    (``verdict``) and what it advises (``advice``).

    Raises:
        AblateError: no folder, one that holds no study, one twice, or a tag that no strategy carries.
    """
    tags = [tag] if isinstance(tag, str) else list(tag)
    paths = [Path(folder) for folder in folders]
    if len(paths) == 1:
        return study_frame(read(paths[0]), tags, wide)
    return across_frame(across(read_all(paths), tags))


def study_frame(found: Read, tags: Sequence[str] = (), wide: bool = False) -> pd.DataFrame:
    """The board of a study that was read; see :func:`leaderboard`."""
    board = only(found.board, found.bodies, tags)
    frame = _every_figure(board) if wide else board_frame(board["rows"])
    advice: dict[Hashable, Any] = {} if tags else {"advice": "\n".join(words(recommend(found)))}
    skipped = [f"records: {message}; it is left out" for message in found.records.skipped]
    frame.attrs = {
        "folder": str(found.folder),
        "headline": headline(board),
        "verdict": sentence(board),
        "notes": [*footnotes(board), *skipped],
        **advice,
    }
    return frame


def board_frame(rows: Sequence[Row]) -> pd.DataFrame:
    """The rows of a board under their strategies: recall at budget with its 95 % interval, differences, marks, cost.

    ``delta_`` is the difference to the baseline, paired by seed; ``better`` holds for the whole board at once.
    """
    frame = pd.DataFrame([_row(row) for row in rows], columns=list(_row({})))
    kinds = {name: KINDS.get(name, "float64") for name in frame.columns if name != "strategy"}
    return frame.astype(kinds).set_index("strategy")


def _row(row: Row) -> dict[str, Any]:
    told: Mapping[str, Any] = row.get("stability") or {}
    return {
        **{name: row.get(name) for name in ("strategy", "rank", "kind")},
        **_interval("macro_recall", row.get("macro_recall_at_budget")),
        "micro_recall": (row.get("micro_recall_at_budget") or {}).get("mean"),
        **_interval("delta_macro", row.get("delta_macro")),
        "delta_micro": (row.get("delta_micro") or {}).get("mean"),
        **{name: row.get(name) for name in ("better", "tied_with_leader", "costs_micro")},
        "settled": told.get("settled"),
        **{name: told.get(name) for name in ("worst_dip", "seed_sd")},
        "alarms_at_half": (row.get("at_half") or {}).get("alarms_per_document"),
        "seconds": (row.get("measured") or {}).get("seconds"),
        **{name: row.get(name) for name in ("runs", "trials")},
    }


def _interval(name: str, found: Mapping[str, float] | None) -> dict[str, float | None]:
    found = found or {}
    return {name: found.get("mean"), f"{name}_low": found.get("low"), f"{name}_high": found.get("high")}


def _every_figure(board: Board) -> pd.DataFrame:
    return pd.read_csv(io.StringIO(to_csv(board))).set_index("strategy")


def across_frame(table: Table) -> pd.DataFrame:
    """Several studies side by side; the second level of columns are the figures of a study."""
    rows = [
        {
            ("", "average_rank"): row["average_rank"],
            **{(name, key): value for name, cell in row["cells"].items() for key, value in figures(cell).items()},
        }
        for row in table["rows"]
    ]
    names = [row["strategy"] for row in table["rows"]]
    columns = pd.MultiIndex.from_tuples(rows[0]) if rows else None
    frame = pd.DataFrame([list(row.values()) for row in rows], index=pd.Index(names, name="strategy"), columns=columns)
    kinds = {column: KINDS.get(column[1], "float64") for column in frame.columns}
    frame = frame.astype(kinds)
    frame.attrs = {"columns": table["columns"], "notes": notes_of(table)}
    return frame
