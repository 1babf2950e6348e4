"""The effects of a design as a second table under the board: plain, Markdown and CSV."""

from __future__ import annotations

import csv
import io
import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

from ablate.results.board import Board
from ablate.results.columns import NONE, points, with_interval
from ablate.results.record import rounded

Table = tuple[list[str], list[list[str]]]
"""Headings and lines; the first column is a name, the last ones can be spared."""

SHORTEST_NAME = 8
ENDS = ("mean", "low", "high")


def lines(board: Board, width: int) -> list[str]:
    """The table with a title and what is missing, at most ``width`` characters wide; empty without a design."""
    found = board.get("effects")
    if not found:
        return []
    around = max(width, 20)
    head, body = _fitted(table(found), width)
    sizes = [max(len(line[i]) for line in (head, *body)) for i in range(len(head))]
    shown = [_line(line, sizes) for line in (head, *body)]
    told = [part for note in notes(found) for part in textwrap.wrap(note, around)]
    return ["", *textwrap.wrap(title(found), around), *shown, *told]


def markdown(board: Board) -> list[str]:
    """The paragraphs of the table; none without a design."""
    found = board.get("effects")
    if not found:
        return []
    head, body = table(found)
    rule = "|" + " :-- |" + " --: |" * (len(head) - 1)
    rows = ["| " + " | ".join(cell.replace("|", "\\|").replace("*", "\\*") for cell in line) + " |" for line in body]
    listed = ["\n".join(f"- {note}" for note in notes(found))] if notes(found) else []
    return [f"**{title(found)}**", "\n".join(["| " + " | ".join(head) + " |", rule, *rows]), *listed]


def files(board: Board) -> dict[str, str]:
    """``effects.csv``, one line per effect; nothing without a design."""
    found = board.get("effects")
    if not found:
        return {}
    buffer = io.StringIO()
    figures = [f"{name}_{end}" for name in ("macro", "micro") for end in ENDS]
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(["effect", "parts", *figures, "seeds", "missing"])
    for row in found["rows"]:
        values = [rounded((row[name] or {}).get(end, "")) for name in ("macro", "micro") for end in ENDS]
        writer.writerow([row["effect"], "+".join(row["parts"]), *values, row["seeds"], " ".join(row["missing"])])
    return {"effects.csv": buffer.getvalue()}


def title(effects: Mapping[str, Any]) -> str:
    """What the figures of the table are."""
    what = "What a part adds" if effects["design"] == "leave-one-out" else "Main effects and interactions"
    return f"{what} ({effects['design']}): macro recall in points, {effects['interval']}"


def table(effects: Mapping[str, Any]) -> Table:
    """Headings and cells: for leave-one-out a line for each part, else one for each effect."""
    rows = effects["rows"]
    if effects["design"] != "leave-one-out":
        body = [
            [" x ".join(row["parts"]), with_interval(row["macro"], sign=True), with_interval(row["micro"], sign=True)]
            for row in rows
        ]
        return ["effect", "macro", "micro"], body
    by_part = {(row["parts"][0], row["effect"]): row for row in rows}
    kinds = list(dict.fromkeys(row["effect"] for row in rows))
    body = []
    for part in effects["parts"]:
        told = [by_part[part, kind] for kind in kinds]
        cells = [with_interval(row["macro"], sign=True) for row in told]
        micro = "/".join(points((row["micro"] or {}).get("mean"), sign=True) for row in told[:2])
        body.append([part, *cells, micro])
    return ["part", *kinds, "micro: both"], body


def notes(effects: Mapping[str, Any]) -> list[str]:
    """What has to be known of the figures, and the arms that are missing."""
    missing = list(dict.fromkeys(arm for row in effects["rows"] for arm in row["missing"]))
    told = {
        "leave-one-out": "Alone: the part on the base. Given the others: all parts against all but this one. "
        "Difference: the second minus the first.",
        "pairwise": "A part: mean of what it adds to the base and to each other part. a x b: ab - a - b + base.",
        "factorial": "A part: mean of what it adds to all sets of other parts. a x b: how much more a adds with b "
        "than without, mean over all sets of other parts.",
    }
    lacking = [f"{NONE}: no finished run of {', '.join(missing)}."] if missing else []
    return [f"{told[effects['design']]} Every arm has its own tuned configuration.", *lacking]


def _fitted(found: Table, width: int) -> Table:
    """Without the columns that do not fit, the last ones first; then with shorter names."""
    head, body = found
    while len(head) > 2 and _width(head, body) > width and _width(head, body) - _longest(body) + SHORTEST_NAME > width:
        head, body = head[:-1], [line[:-1] for line in body]
    most = max(SHORTEST_NAME, _longest([head, *body]) - max(0, _width(head, body) - width))
    return head, [[line[0] if len(line[0]) <= most else line[0][: most - 1] + "~", *line[1:]] for line in body]


def _width(head: Sequence[str], body: Sequence[Sequence[str]]) -> int:
    return sum(max(len(line[i]) for line in (head, *body)) + 1 for i in range(len(head))) - 1


def _longest(body: Sequence[Sequence[str]]) -> int:
    return max((len(line[0]) for line in body), default=0)


def _line(cells: Sequence[str], sizes: Sequence[int]) -> str:
    name, *rest = cells
    figures = (cell.rjust(size) for cell, size in zip(rest, sizes[1:], strict=True))
    return " ".join([name.ljust(sizes[0]), *figures]).rstrip()
