"""The scalars of a spec that calibration moves, each within limits."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from ablate.errors import AblateError, near
from ablate.synthesis.spec import Part, Spec
from ablate.synthesis.world import build

TRIES = 10
"""Halvings by which the largest value is found that the words of the list can hold."""


@dataclass(frozen=True)
class Lever:
    """A scalar by its dotted path, from ``low`` to ``high``, kept to ``digits`` decimals.

    ``log``: equal ratios are equal steps. ``falls``: recall falls as it grows.
    """

    path: str
    low: float
    high: float
    digits: int
    log: bool = False
    falls: bool = False

    def place(self, value: float) -> float:
        """Where a value lies, from 0 to 1, in the direction in which recall rises; limits stand for what is beyond."""
        low, high, here = (self._scale(number) for number in (self.low, self.high, self._within(value)))
        share = (here - low) / (high - low)
        return 1 - share if self.falls else share

    def value(self, place: float) -> float:
        """The value at a place, rounded."""
        share = 1 - place if self.falls else place
        scaled = self._scale(self.low) + share * (self._scale(self.high) - self._scale(self.low))
        return round(math.exp(scaled) if self.log else scaled, self.digits)

    def read(self, spec: Spec) -> float:
        """The value in a spec."""
        table, key = self.path.split(".")
        return float(getattr(getattr(spec, table), key))

    def laid(self, spec: Spec, value: float) -> Spec:
        """The spec with that value."""
        table, key = self.path.split(".")
        part: Part = getattr(spec, table)
        return spec.model_copy(update={table: part.model_copy(update={key: value})})

    def within(self, spec: Spec) -> Lever:
        """The same with the largest value at which the spec can be, the words of the list being limited."""
        low, high = self._within(self.read(spec)), self.high
        if _can_be(self.laid(spec, high)):
            return self
        for _ in range(TRIES):
            middle = round((low + high) / 2, self.digits)
            low, high = (middle, high) if _can_be(self.laid(spec, middle)) else (low, middle)
        if low <= self.low:
            build(self.laid(spec, self.low))  # says what is wrong with it
            raise AblateError(f"{spec.name}: {self.path} has no room above {self.low:g}; give another --spread")
        return replace(self, high=low)

    def _within(self, value: float) -> float:
        return min(max(value, self.low), self.high)

    def _scale(self, value: float) -> float:
        return math.log(value) if self.log else value


LEVEL = Lever("evidence.level", 1.0, 8.0, 3, log=True)
"""What moves micro recall: the evidence of all labels."""

SPREADS = (
    Lever("evidence.slope", -1.2, 1.2, 3),
    Lever("keywords.tail", 100.0, 300.0, 0, log=True, falls=True),
)
"""What moves macro recall more than micro: how much evidence the tail has, or over how many words it is spread."""


def spread(path: str) -> Lever:
    """The lever of a path. AblateError: there is none."""
    known = [lever.path for lever in SPREADS]
    if path not in known:
        raise AblateError(f"--spread {path}: no such lever{near(path, known)}; give {' or '.join(known)}")
    return SPREADS[known.index(path)]


def laid(spec: Spec, levers: Sequence[Lever], values: Sequence[float]) -> Spec:
    """The spec with the values of several levers."""
    for lever, value in zip(levers, values, strict=True):
        spec = lever.laid(spec, value)
    return spec


def _can_be(spec: Spec) -> bool:
    try:
        build(spec)
    except AblateError:
        return False
    return True
