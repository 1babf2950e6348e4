"""Two quantities brought to their targets by two levers, each moved in turn."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

Pair = tuple[float, float]
STEP = 0.25
"""First step of a lever of which no slope is known, as a share of its range."""

LEAST_SLOPE = 0.05
"""A slope below this, over the whole range of the lever, is not told from chance."""

EDGE = 0.15
"""A try between two measured ends keeps this share of the bracket away from both, so that each try narrows it."""

NARROW = 1e-3
"""A bracket narrower than this holds nothing that could be told apart."""


@dataclass(frozen=True)
class Tried:
    """Where the levers stood, each from 0 to 1, and what was reached."""

    at: Pair
    reached: Pair

    def miss(self, targets: Pair) -> float:
        """The larger of the two distances from the targets."""
        return max(abs(reached - target) for reached, target in zip(self.reached, targets, strict=True))


def search(
    measure: Callable[[Pair], Pair], start: Pair, targets: Pair, tolerance: float, most: int
) -> tuple[Tried, ...]:
    """All that was tried, in order; it ends where both targets are met, nothing is left to move, or after ``most``.

    ``measure`` gives two numbers for two levers in 0 to 1; number i is to rise with lever i. Lever 0 is moved until
    its number is within ``tolerance`` of its target, then lever 1, and again, as each also moves the other's number.
    A lever is moved by a bracket: by the last slope until the target lies between two measured ends, then between
    them by interpolation that stays off both ends. A target beyond the lever's range leaves it at its limit.
    """
    found = _Search(measure, targets, tolerance, most)
    found.measure(start)
    while not found.ended:
        before = len(found.tried)
        for axis in (0, 1):
            found.move(axis)
        if len(found.tried) == before:
            break
    return tuple(found.tried)


def nearest(tried: tuple[Tried, ...], targets: Pair) -> Tried:
    """The first of those whose larger distance from its target is smallest."""
    return min(tried, key=lambda one: one.miss(targets))


class _Search:
    def __init__(self, measure: Callable[[Pair], Pair], targets: Pair, tolerance: float, most: int) -> None:
        self._measure, self._targets, self._tolerance, self._most = measure, targets, tolerance, most
        self._slopes = [0.0, 0.0]
        self.tried: list[Tried] = []

    @property
    def ended(self) -> bool:
        """Both targets met, or as many measured as may be."""
        return len(self.tried) >= self._most or self.tried[-1].miss(self._targets) <= self._tolerance

    def measure(self, at: Pair) -> Tried:
        """Measure there and keep it."""
        self.tried.append(Tried(at, self._measure(at)))
        return self.tried[-1]

    def move(self, axis: int) -> None:
        """Move one lever until its target is met or cannot be."""
        target, here = self._targets[axis], self.tried[-1]
        below: Tried | None = None
        above: Tried | None = None
        while not self.ended and abs(here.reached[axis] - target) > self._tolerance:
            below, above = (here, above) if here.reached[axis] < target else (below, here)
            place = self._next(axis, here, below, above)
            if abs(place - here.at[axis]) < NARROW:
                return
            before, here = here, self.measure(_moved(here.at, axis, place))
            self._slopes[axis] = (here.reached[axis] - before.reached[axis]) / (place - before.at[axis])

    def _next(self, axis: int, here: Tried, below: Tried | None, above: Tried | None) -> float:
        target = self._targets[axis]
        if below is not None and above is not None:
            share = (target - below.reached[axis]) / (above.reached[axis] - below.reached[axis])
            return below.at[axis] + min(max(share, EDGE), 1 - EDGE) * (above.at[axis] - below.at[axis])
        gap = target - here.reached[axis]
        slope = self._slopes[axis]
        step = gap / slope if slope > LEAST_SLOPE else STEP if gap > 0 else -STEP
        return min(max(here.at[axis] + step, 0.0), 1.0)


def _moved(at: Pair, axis: int, place: float) -> Pair:
    return (place, at[1]) if axis == 0 else (at[0], place)
