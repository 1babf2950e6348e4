"""A figure as marks on a sheet: laid out once in Python, then written as SVG or painted as PNG."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

Point = tuple[float, float]

INK, MUTED, GRID, PAPER, ACCENT, SECOND, CONTEXT = "ink", "muted", "grid", "paper", "accent", "second", "context"
TONES: dict[str, tuple[str, str]] = {
    INK: ("#1b1f24", "#e9ecf0"),
    MUTED: ("#57606a", "#a9b2bd"),
    GRID: ("#dfe3e8", "#343b45"),
    PAPER: ("#ffffff", "#15181d"),
    ACCENT: ("#0072b2", "#56b4e9"),
    SECOND: ("#d55e00", "#f0a35c"),
    CONTEXT: ("#8b949e", "#7d8793"),
}
"""Colour of each tone on a light and on a dark page: blue and vermilion of Okabe and Ito (2008), told apart by
readers of every colour vision, and greys."""

TEXT = 13.0  # pixels
SMALL = 12.0
GLYPH = 0.58  # width of a character of a sans serif, in text sizes


@dataclass(frozen=True)
class Path:
    """A line through points, in pixels from the upper left."""

    points: Sequence[Point]
    tone: str = INK
    width: float = 1.5
    opacity: float = 1.0
    dashed: bool = False


@dataclass(frozen=True)
class Area:
    """A filled polygon."""

    points: Sequence[Point]
    tone: str
    opacity: float = 1.0
    hint: str = ""


@dataclass(frozen=True)
class Dot:
    """A filled circle, or a ring; ``hint`` is shown where a pointer rests on it."""

    centre: Point
    radius: float = 4.0
    tone: str = ACCENT
    hollow: bool = False
    opacity: float = 1.0
    hint: str = ""


@dataclass(frozen=True)
class Label:
    """One line of text with its baseline at ``at``; ``anchor`` is start, middle or end.

    ``halo`` clears what is under it.
    """

    at: Point
    text: str
    tone: str = INK
    size: float = TEXT
    anchor: str = "start"
    bold: bool = False
    halo: bool = False


Mark = Path | Area | Dot | Label


@dataclass
class Drawing:
    """A sheet of ``width`` x ``height`` pixels and the marks on it, the first at the bottom.

    ``corner`` is the point in its upper left.
    """

    width: float
    height: float
    marks: list[Mark] = field(default_factory=list)
    corner: Point = (0.0, 0.0)

    def add(self, *marks: Mark) -> None:
        """Put marks on top."""
        self.marks.extend(marks)

    def extend(self, marks: Iterable[Mark]) -> None:
        """Put marks on top."""
        self.marks.extend(marks)


MARGIN, HEADED = 20.0, 56.0  # pixels around a figure that stands alone, and above it


def framed(drawing: Drawing, heading: str) -> Drawing:
    """The same figure with a heading and a margin, to stand alone."""
    title = Label((0.0, 28.0 - HEADED), heading, INK, 17.0, bold=True)
    corner = (-MARGIN, -HEADED)
    return Drawing(drawing.width + 2 * MARGIN, drawing.height + HEADED + MARGIN, [*drawing.marks, title], corner)


def breadth(text: str, size: float = TEXT) -> float:
    """About how many pixels a line of text is wide."""
    return GLYPH * size * len(text)


def cut(text: str, pixels: float, size: float = TEXT) -> str:
    """The text, shortened to fit."""
    room = max(1, int(pixels / (GLYPH * size)))
    return text if len(text) <= room else text[: room - 1] + "…"


def box(left: float, top: float, right: float, bottom: float, tone: str, opacity: float = 1.0, hint: str = "") -> Area:
    """A filled rectangle."""
    return Area(((left, top), (right, top), (right, bottom), (left, bottom)), tone, opacity, hint)
