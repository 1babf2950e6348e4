"""A board as text, Markdown, CSV, JSON and LaTeX."""

from __future__ import annotations

import csv
import io
import json
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ablate.results import effects_table
from ablate.results.board import Board, group
from ablate.results.columns import NARROW, WIDE, Column, fitting, present, widths
from ablate.results.record import rounded, sorted_json
from ablate.results.rows import Row
from ablate.results.story import footnotes, headline, sentence
from ablate.results.whole import write_whole

if TYPE_CHECKING:
    import pandas as pd

WIDTH = 100
LINES = {
    "ranked": "",
    "costs micro": "costs micro: may lose over 2 points of micro recall, or is under the micro floor; no rank",
    "not ranked": "the baseline reparametrised: no rank",
    "no finished run": "no run finished",
    "other part": "different trained layers: another cost (time), no rank",
    "control": "controls",
    "ceiling": "ceilings: what the truth of these data allows",
}
"""What stands above the rows of each group."""


def groups(board: Board) -> Iterable[tuple[str, list[Row]]]:
    """The line above some rows, and these rows, in the order of the board."""
    for name, rows in groupby(board["rows"], key=group):
        yield LINES[name], list(rows)


Line = tuple[str, Row | None]
"""A line of the table, with its row; None for headings."""


def text(board: Board, width: int = WIDTH, wide: bool = False) -> str:
    """A plain table at most ``width`` characters wide (``wide``: as wide as all columns need), without colour.

    A narrow terminal gets fewer columns, not broken lines.
    """
    around = max(width, 20)
    notes = [part for note in footnotes(board) for part in textwrap.wrap(note, around)]
    head = textwrap.wrap(headline(board), around)
    body = [line for line, _ in table(board, width, wide)]
    body += effects_table.lines(board, width)
    return "\n".join([*head, "", *body, "", *notes, "", *textwrap.wrap(sentence(board), around)]) + "\n"


def table(board: Board, width: int = WIDTH, wide: bool = False) -> list[Line]:
    """The lines of the table alone."""
    columns = present(WIDE if wide else NARROW, board["rows"])
    sizes = widths(columns, board["rows"])
    sizes = sizes if wide else fitting(sizes, width)
    lines: list[Line] = [(_line([c.heading[i] for c in sizes], sizes), None) for i in (0, 1)]
    for title, rows in groups(board):
        titles = textwrap.wrap(title, max(width, 20), initial_indent="-- ", subsequent_indent="   ")
        lines += [(part, None) for part in titles]
        lines += [(_line([c.show(row) for c in sizes], sizes), row) for row in rows]
    return lines


def _line(cells: Sequence[str], sizes: Mapping[Column, int]) -> str:
    parts = []
    for text, (column, size) in zip(cells, sizes.items(), strict=True):
        cut = text if len(text) <= size else text[: size - 1] + "~"
        parts.append(cut.ljust(size) if column.left else cut.rjust(size))
    return " ".join(parts).rstrip()


def markdown(board: Board, wide: bool = False) -> str:
    """Tables to paste, one per group of rows."""
    columns = present(WIDE if wide else NARROW, board["rows"])
    head = "| " + " | ".join(escape_markdown(c.title) for c in columns) + " |"
    rule = "|" + "|".join(" :-- " if c.left else " --: " for c in columns) + "|"
    parts = [headline(board)]
    for title, rows in groups(board):
        lines = ["| " + " | ".join(escape_markdown(c.show(r)) for c in columns) + " |" for r in rows]
        parts += [*([f"**{title}**"] if title else []), "\n".join([head, rule, *lines])]
    parts += effects_table.markdown(board)
    notes = "\n".join(f"- {escape_markdown(note)}" for note in footnotes(board))
    return "\n\n".join([*parts, notes, sentence(board)]) + "\n"


def escape_markdown(cell: str) -> str:
    """A cell that no character of breaks the table that it stands in."""
    return cell.replace("\\", "\\\\").replace("|", "\\|").replace("*", "\\*").replace("\n", " ")


def latex(board: Board, wide: bool = False) -> str:
    """A ``tabular`` that needs no package."""
    columns = present(WIDE if wide else NARROW, board["rows"])
    lines = ["\\begin{tabular}{" + "".join("l" if c.left else "r" for c in columns) + "}", "\\hline"]
    lines += [" & ".join(escape_latex(c.title) for c in columns) + " \\\\", "\\hline"]
    for title, rows in groups(board):
        if title:
            lines += ["\\hline", f"\\multicolumn{{{len(columns)}}}{{l}}{{{escape_latex(title)}}} \\\\"]
        lines += [" & ".join(escape_latex(c.show(r)) for c in columns) + " \\\\" for r in rows]
    return "\n".join([*lines, "\\hline", "\\end{tabular}"]) + "\n"


LATEX = {
    "\\": "\\textbackslash{}",
    "~": "\\textasciitilde{}",
    "|": "\\textbar{}",
    "^": "\\textasciicircum{}",
    "<": "$<$",
    ">": "$>$",
    "[": "{[}",
    "]": "{]}",
} | {c: f"\\{c}" for c in "&%$#_{}"}
"""Brackets too: one that follows a line break would be read as its argument."""


def escape_latex(cell: str) -> str:
    """Text that LaTeX prints as it is."""
    return "".join(LATEX.get(c, c) for c in cell)


def to_json(board: Board) -> str:
    """``leaderboard.json``: keys sorted, so that the same board is the same bytes."""
    return sorted_json(board)


def to_csv(board: Board) -> str:
    """One line per row, nested figures as dotted columns; lists and parameters as JSON."""
    flat = [dict(_flat(rounded(row))) for row in board["rows"]]
    found = dict.fromkeys(name for row in flat for name in row)
    names = [n for n in found if not any(other.startswith(f"{n}.") for other in found)]  # a table that is null here
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, names, restval="", extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    writer.writerows(flat)
    return buffer.getvalue()


def _flat(value: Any, name: str = "") -> Iterable[tuple[str, Any]]:
    whole = name == "parameters" or name.endswith("verdicts")  # their keys differ from row to row
    if isinstance(value, dict) and not whole:
        for key in value:
            yield from _flat(value[key], f"{name}.{key}" if name else key)
    elif isinstance(value, (dict, list)):
        yield name, json.dumps(value, sort_keys=True)
    else:
        yield name, "" if value is None else value


def write(board: Board, labels: pd.DataFrame, folder: str | Path) -> None:
    """``leaderboard.md``, ``.csv``, ``.json``, ``labels.csv`` and a design's ``effects.csv``: whole or not at all."""
    folder = Path(folder)
    texts = {
        "leaderboard.md": markdown(board),
        "leaderboard.csv": to_csv(board),
        "leaderboard.json": to_json(board),
        "labels.csv": labels.to_csv(index=False, lineterminator="\n"),
        **effects_table.files(board),
    }
    for name, content in texts.items():
        write_whole(folder / name, content.encode())
