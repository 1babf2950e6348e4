"""``ablate leaderboard``: a board on the screen or as a document."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from rich.console import Console
from rich.text import Text

from ablate.errors import AblateError, near
from ablate.results import across_formats, decisions, effects_table, gains_table
from ablate.results.across import across
from ablate.results.board import Board
from ablate.results.folder import read, read_all, say_skipped
from ablate.results.formats import latex, markdown, to_csv, to_json
from ablate.results.outputs import rewrite
from ablate.results.recommendation_show import print_advice
from ablate.results.story import footnotes, sentence
from ablate.results.tags import only
from ablate.results.terminal import rich_table, width_of

#: How a document is made of a board and of whether all columns are wanted.
DOCUMENTS: dict[str, Callable[[Board, bool], str]] = {
    "md": markdown,
    "csv": lambda board, wide: to_csv(board),
    "json": lambda board, wide: to_json(board),
    "tex": latex,
}

#: The same for the gains of its strategies.
GAINS: dict[str, Callable[[Board], str]] = {
    "md": gains_table.markdown,
    "csv": gains_table.to_csv,
    "json": gains_table.to_json,
}


def show_gains(folder: Path, format: str) -> None:
    """Print what of each strategy's gain is a mere shift of cuts.

    Raises:
        AblateError: the folder holds no study, or the format is unknown.
    """
    formats = ["table", *GAINS]
    if format not in formats:
        raise AblateError(
            f"--threshold: unknown format '{format}'{near(format, formats)} (known: {', '.join(formats)})"
        )
    found = read(folder)
    say_skipped(found)
    console = Console()
    width = width_of(console, 120)
    sys.stdout.write(gains_table.text(found.board, width) if format == "table" else GAINS[format](found.board))


INSTEAD: dict[str, Callable[[Path, str], None]] = {"decisions": decisions.show, "threshold": show_gains}
"""Tables that are shown in the place of the board."""


def show(folder: Path, format: str, wide: bool, instead: Sequence[str] = (), tags: Sequence[str] = ()) -> None:
    """Print the board of an output folder, as a table with the advice under it, or a table ``instead`` of it.

    With ``tags`` the rows that carry one of them, and no advice: that is about all of them.

    Raises:
        AblateError: the folder holds no study, the format or a tag is unknown, or two tables are asked for instead.
    """
    if len(instead) > 1:
        raise AblateError(f"--{' and --'.join(instead)} are tables of their own; give one of them")
    if instead and tags:
        raise AblateError(f"--tag chooses rows of the board, not of --{instead[0]}; leave out one of them")
    if instead:
        INSTEAD[instead[0]](folder, format)
        return
    _known(format)
    found = read(folder)
    board = only(found.board, found.bodies, tags)
    say_skipped(found)
    if format != "table":
        sys.stdout.write(DOCUMENTS[format](board, wide))
        return
    print_board(board, Console(), wide)
    if not tags:
        print_advice(found, Console())


def show_across(folders: Sequence[Path], format: str, wide: bool, tags: Sequence[str] = ()) -> None:
    """Print several studies side by side; ``wide``: all columns of a table, however wide that is.

    Raises:
        AblateError: a folder holds no study or is given twice, or the format or a tag is unknown.
    """
    _known(format)
    found = read_all(folders)
    for one in found:
        say_skipped(one, f" of {one.folder}")
    table = across(found, tags)
    width = sys.maxsize if wide else width_of(Console(), sys.maxsize)
    sys.stdout.write(
        across_formats.text(table, width) if format == "table" else across_formats.DOCUMENTS[format](table)
    )


def _known(format: str) -> None:
    formats = ["table", *DOCUMENTS]
    if format not in formats:
        raise AblateError(f"unknown format '{format}'{near(format, formats)} (known: {', '.join(formats)})")


def show_written(folders: Sequence[Path], others: Sequence[str] = ()) -> None:
    """Write the boards of output folders again from their records, and say so, a line for each.

    Raises:
        AblateError: a folder holds no study or no record, or ``others``, options of a board to print, are given too.
    """
    if others:
        raise AblateError(f"--write writes every format and prints no board; leave out --{' and --'.join(others)}")
    for found in rewrite(folders):
        say_skipped(found)
        print(f"{found.folder}: boards written from {len(found.bodies)} records")


def print_board(board: Board, console: Console, wide: bool = False) -> None:
    """The board in colour, what its figures rest on, and one sentence.

    Colour and width follow the terminal; the board never grows beyond 100 characters unless ``wide``.
    """
    width = width_of(console)
    sheet = Console(width=None if not wide else 400, soft_wrap=False) if wide else console
    if not wide and not console.is_terminal:
        sheet = Console(width=100)
    sheet.print(rich_table(board, wide, width))
    for line in effects_table.lines(board, width):
        sheet.print(Text(line))
    sheet.print()
    for note in footnotes(board):
        sheet.print(Text(note, style="dim"))
    sheet.print()
    sheet.print(Text(sentence(board), style="bold"))
