"""The board in colour, for a terminal, and how wide a terminal is."""

from __future__ import annotations

from rich.console import Console
from rich.text import Text

from ablate.results.board import Board
from ablate.results.formats import WIDTH, table
from ablate.results.rows import Row
from ablate.results.story import headline


def width_of(console: Console, most: int = WIDTH) -> int:
    """Characters of a line: those of the terminal, but no more than ``most``; 100 where no terminal is written to."""
    return min(most, console.width) if console.is_terminal else WIDTH


def rich_table(board: Board, wide: bool = False, width: int = WIDTH) -> Text:
    """The plain table in colour, line for line: better rows green, rows that cost micro yellow, unranked ones dim."""
    lines = [Text(line, style=_style(row)) for line, row in table(board, width, wide)]
    title = Text(headline(board) + "\n", style="italic")
    return Text("\n", no_wrap=not wide, end="\n").join([title, *lines])


def _style(row: Row | None) -> str:
    if row is None:
        return "bold"
    if row["better"]:
        return "bold green" if row["rank"] == 1 else "green"
    if row["rank"]:
        return ""
    return "yellow" if row["costs_micro"] and row["kind"] == "strategy" else "dim"
