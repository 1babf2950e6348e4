"""A figure of the report: what it shows in words, how it is drawn at a width, and its numbers as a table."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ablate.results.report.drawing import Drawing

WIDE, NARROW = 860.0, 340.0  # pixels: a desk, a phone


@dataclass(frozen=True)
class Numbers:
    """What a figure draws, as a table."""

    heads: Sequence[str]
    rows: Sequence[Sequence[str]]


@dataclass(frozen=True)
class Figure:
    """``name`` is that of its files, ``alternative`` says in words what is to be seen."""

    name: str
    heading: str
    caption: str
    alternative: str
    draw: Callable[[float], Drawing]
    numbers: Numbers | None = None
