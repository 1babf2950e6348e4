"""The table of gains as text, Markdown, CSV and JSON."""

from __future__ import annotations

import csv
import io
import textwrap
from collections.abc import Collection, Sequence
from typing import Any

from ablate.results.board import Board
from ablate.results.columns import NONE, points, with_interval
from ablate.results.record import sorted_json

Gain = dict[str, Any]
HEADS = (
    ("strategy", ""),
    ("at", "0.5"),
    ("with", "one cut"),
    ("prior-", "adjusted"),
    ("average", "precision"),
    ("reading", ""),
)
NAMES = ("at_half", "at_one_cut", "at_budget", "macro_ap")
TITLE = (
    "Threshold or training? Gain over the baseline in points of macro recall: at 0.5 with each row's own alarms, at "
    "equal alarms with one cut and with the prior-adjusted cut; and of macro average precision."
)


def cells(gain: Gain, whole: Collection[str] = NAMES) -> tuple[str, ...]:
    """One row as text, with the intervals of the figures in ``whole``."""
    shown = (with_interval(gain[name], sign=True) if name in whole else _bare(gain[name]) for name in NAMES)
    return (gain["strategy"], *shown, gain["reading"] or NONE)


def _bare(found: dict[str, float] | None) -> str:
    return NONE if found is None else points(found["mean"], sign=True)


def notes(found: Sequence[Gain]) -> list[str]:
    """How the table is read, and where its figures do not agree."""
    told = [
        "threshold: the gain at 0.5 or with one cut is above zero, and above what is left of it with the prior-"
        "adjusted cut. training: something is left there. both, neither: as it says. worse: less than the baseline "
        "there.",
        "Intervals hold for all rows of a column at once (95 %), those at 0.5 and with one cut for both columns "
        "together, since either may make a threshold; paired by seed. Those of the prior-adjusted cut speak "
        "of new seeds and documents, the others of new seeds on these test documents. No cut changes average "
        "precision.",
    ]
    doubted = [g["strategy"] for g in found if _learns(g) and g["macro_ap"] and g["macro_ap"]["low"] <= 0]
    alone = [g["strategy"] for g in found if not _learns(g) and g["macro_ap"] and g["macro_ap"]["low"] > 0]
    if doubted:
        told.append(f"Average precision does not confirm the training of {', '.join(doubted)}.")
    if alone:
        told.append(f"Above the baseline in average precision alone: {', '.join(alone)}.")
    lacking = [g["strategy"] for g in found if any(g[name] is None for name in NAMES)]
    if lacking:
        told.append(f"{NONE}: not in the records, or fewer than two seeds in common: {', '.join(lacking)}.")
    return told


def _learns(gain: Gain) -> bool:
    return (gain["reading"] or "").startswith(("training", "both"))


def text(board: Board, width: int = 100) -> str:
    """A plain table; a terminal too narrow for it gets fewer intervals, that of the board's own figure last."""
    found = board["gains"]
    around = max(width, 20)
    if not found:
        return "\n".join(textwrap.wrap(NOTHING, around)) + "\n"
    tables = (_table(found, whole) for whole in (NAMES, ("at_budget",), ()))
    fits = (table for table in tables if max(map(len, table)) <= width)
    table = next(fits, None) or [line[:around].rstrip() for line in _table(found, ())]
    said = [part for note in notes(found) for part in textwrap.wrap(note, around)]
    return "\n".join([*textwrap.wrap(TITLE, around), "", *table, "", *said]) + "\n"


NOTHING = "No strategy has finished runs to set against a baseline's."


def _table(found: Sequence[Gain], whole: Collection[str]) -> list[str]:
    rows = [cells(gain, whole) for gain in found]
    last = ("", *("[95 %]" if name in whole else "" for name in NAMES), "")
    heads = [*(tuple(head[line] for head in HEADS) for line in (0, 1)), *([last] if whole else [])]
    sizes = [max(map(len, column)) for column in zip(*heads, *rows, strict=True)]
    left = (0, len(HEADS) - 1)
    lines = [
        "  ".join(c.ljust(s) if i in left else c.rjust(s) for i, (c, s) in enumerate(zip(line, sizes, strict=True)))
        for line in (*heads, *rows)
    ]
    return [line.rstrip() for line in lines]


def markdown(board: Board) -> str:
    """A table to paste."""
    found = board["gains"]
    if not found:
        return NOTHING + "\n"
    head = "| " + " | ".join(" ".join(part for part in h if part) for h in HEADS) + " |"
    rule = "| :-- |" + " --: |" * (len(HEADS) - 2) + " :-- |"
    lines = ["| " + " | ".join(c.replace("|", "\\|") for c in cells(gain)) + " |" for gain in found]
    said = "\n".join(f"- {note}" for note in notes(found))
    return f"{TITLE}\n\n" + "\n".join([head, rule, *lines]) + f"\n\n{said}\n"


def to_json(board: Board) -> str:
    """The rows with their intervals and those of the excess over the prior-adjusted cut, as shares."""
    return sorted_json(board["gains"])


def to_csv(board: Board) -> str:
    """One line per strategy; shares, intervals as NAME.low and NAME.high."""
    ends = ("mean", "low", "high")
    columns = ["strategy", *(f"{name}.{end}" for name in NAMES for end in ends), "reading"]
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(columns)
    for gain in board["gains"]:
        values = ["" if gain[name] is None else gain[name][end] for name in NAMES for end in ends]
        writer.writerow([gain["strategy"], *values, gain["reading"] or ""])
    return buffer.getvalue()
