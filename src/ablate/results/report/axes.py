"""From values to pixels: scales with round ticks, and panels with a frame."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ablate.results.report.drawing import GRID, MUTED, SMALL, Label, Mark, Path


@dataclass(frozen=True)
class Scale:
    """Maps ``low`` to ``start`` and ``high`` to ``end`` pixels, evenly or by logarithm."""

    low: float
    high: float
    start: float
    end: float
    logarithmic: bool = False

    def __call__(self, value: float) -> float:
        """Pixels of a value."""
        return self.start + (self.end - self.start) * self._share(value)

    def _share(self, value: float) -> float:
        if self.logarithmic:
            return math.log(value / self.low) / math.log(self.high / self.low)
        return (value - self.low) / (self.high - self.low)

    def ticks(self, wanted: int = 5) -> list[float]:
        """Round values within the scale, about as many as wanted."""
        return _decades(self.low, self.high, wanted) if self.logarithmic else _round_steps(self.low, self.high, wanted)


def _round_steps(low: float, high: float, wanted: int) -> list[float]:
    raw = (high - low) / max(wanted, 1)
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(power * m for m in (1, 2, 2.5, 5, 10) if power * m >= raw * (1 - 1e-9))
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [0.0 if n == 0 else n * step for n in range(first, last + 1)]


def _decades(low: float, high: float, wanted: int) -> list[float]:
    for digits in ((1, 2, 5), (1, 3), (1,)):
        found = list(_within(low, high, digits))
        if len(found) <= wanted + 1:
            break
    skip = math.ceil(len(found) / (wanted + 1))
    return found[::skip]


def _within(low: float, high: float, digits: Sequence[int]) -> Iterator[float]:
    for power in range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1):
        for digit in digits:
            value = digit * 10.0**power
            if low * (1 - 1e-9) <= value <= high * (1 + 1e-9):
                yield value


def number(value: float) -> str:
    """A tick in few characters: 0.01, 5, 2,000, 100k, 3M."""
    size = abs(value)
    for limit, name in ((1e6, "M"), (1e5, "k")):
        if size >= limit:
            return f"{value / (1e6 if name == 'M' else 1e3):g}{name}"
    return f"{value:,.0f}" if size >= 1000 else f"{value:g}"


def around(values: Sequence[float], least: float = 0.0, room: float = 0.06) -> tuple[float, float]:
    """The range of some values with a little room; at least ``least`` wide."""
    low, high = min(values), max(values)
    spare = max((high - low) * room, (least - (high - low)) / 2, 1e-9)
    return low - spare, high + spare


@dataclass(frozen=True)
class Panel:
    """A rectangle with two scales; y grows upwards."""

    x: Scale
    y: Scale

    def at(self, x: float, y: float) -> tuple[float, float]:
        """Pixels of a point."""
        return self.x(x), self.y(y)

    def rows(self, wanted: int = 4, labels: bool = True) -> Iterator[Mark]:
        """Horizontal lines at round values of y, with their values on the left."""
        for value in self.y.ticks(wanted):
            height = self.y(value)
            yield Path(((self.x.start, height), (self.x.end, height)), GRID, 1)
            if labels:
                yield Label((self.x.start - 6, height + 4), number(value), MUTED, SMALL, "end")

    def columns(self, wanted: int = 5, labels: bool = True, lines: bool = False) -> Iterator[Mark]:
        """Ticks below at round values of x; ``lines`` goes on to the top."""
        for value in self.x.ticks(wanted):
            left = self.x(value)
            yield Path(((left, self.y.start + 4), (left, self.y.end if lines else self.y.start)), GRID, 1)
            if labels:
                yield Label((left, self.y.start + 18), number(value), MUTED, SMALL, self._anchor(left))

    def _anchor(self, left: float) -> str:
        """A tick at either end of the axis keeps its number within, clear of the next panel's."""
        if left > self.x.end - 12:
            return "end"
        return "start" if left < self.x.start + 3 else "middle"

    def title_x(self, text: str) -> Label:
        """What x is, under its ticks."""
        return Label(((self.x.start + self.x.end) / 2, self.y.start + 38), text, MUTED, SMALL, "middle")
