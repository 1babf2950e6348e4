"""``ablate recommend``, the advice under a board, and ``recommendation.json``."""

from __future__ import annotations

import sys
import textwrap
from pathlib import Path

from rich.console import Console
from rich.text import Text

from ablate.errors import AblateError, near
from ablate.results.folder import Read, read, say_skipped
from ablate.results.formats import WIDTH
from ablate.results.recommendation import as_json, recommend
from ablate.results.recommendation_words import words
from ablate.results.record import sorted_json
from ablate.results.terminal import width_of
from ablate.results.whole import write_whole

FILE = "recommendation.json"
FORMATS = ("text", "json")


def show(folder: Path, format: str) -> None:
    """Print the advice of a study.

    Raises:
        AblateError: the folder holds no study, or the format is unknown.
    """
    if format not in FORMATS:
        raise AblateError(f"unknown format '{format}'{near(format, list(FORMATS))} (known: {', '.join(FORMATS)})")
    found = read(folder)
    say_skipped(found)
    sys.stdout.write(document(found) if format == "json" else text(found, width_of(Console())))


def text(found: Read, width: int = WIDTH) -> str:
    """The advice in lines of at most ``width`` characters."""
    return "\n".join(_filled(found, width)) + "\n"


def _filled(found: Read, width: int) -> list[str]:
    return [textwrap.fill(part, max(width, 20), break_on_hyphens=False) for part in words(recommend(found))]


def document(found: Read) -> str:
    """``recommendation.json``: see :func:`ablate.results.recommendation.as_json`."""
    advice = recommend(found)
    whole = as_json(advice, found.board["study"], "\n".join(words(advice)))
    return sorted_json(whole)


def write(found: Read) -> None:
    """Write ``recommendation.json`` into the study's folder."""
    write_whole(found.folder / FILE, document(found).encode())


def print_advice(found: Read, console: Console) -> None:
    """The advice under a board, as wide as the board."""
    for part in _filled(found, width_of(console)):
        console.print()
        console.print(Text(part), highlight=False, soft_wrap=True)
