"""A study that fits a time budget: what is given up, in which order."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, replace

from ablate.errors import AblateError
from ablate.study.estimate import TRIALS
from ablate.study.view import duration

#: What a study with a time budget is given where the time suffices, and what it keeps where it does not: fewer trials
#: no longer tell strategies apart from luck, fewer seeds have no spread, and with fewer steps nothing is learnt.
MOST_TRIALS, FEWEST_TRIALS = TRIALS[0], 5
MOST_SEEDS, FEWEST_SEEDS = 5, 3
LEAST_SHARE_OF_STEPS, FEWEST_STEPS = 0.25, 25


@dataclass(frozen=True)
class Size:
    """How large a study is: steps of a run, tuning trials and fresh seeds of an arm."""

    steps: int
    trials: int
    seeds: int


def fit(full: Size, given: Collection[str], seconds: Callable[[Size], float], hours: float) -> Size:
    """The largest size that takes at most so many hours; what is named in ``given`` is not changed.

    Raises:
        AblateError: not even the smallest one fits; the message says what would.
    """
    size = full
    for size in smaller(full, given):
        if seconds(size) <= 3600 * hours:
            return size
    needed = seconds(size)
    raise AblateError(
        f"--hours {hours:g} is too little: {size.trials} trials, {size.seeds} seeds and {size.steps} steps of every "
        f"arm take about {duration(needed)}; give --hours {_rounded_up(needed / 3600)} or fewer --strategies"
    )


def smaller(full: Size, given: Collection[str]) -> Iterator[Size]:
    """Sizes from the full one down: first fewer trials, then fewer seeds, then fewer steps."""
    size = full
    yield size
    for name, fewest in (
        ("trials", FEWEST_TRIALS),
        ("seeds", FEWEST_SEEDS),
        ("steps", max(FEWEST_STEPS, math.ceil(LEAST_SHARE_OF_STEPS * full.steps))),
    ):
        if name in given:
            continue
        for value in range(getattr(size, name) - 1, fewest - 1, -1):
            size = replace(size, **{name: value})
            yield size


def given_up(full: Size, size: Size) -> str:
    """What a size lacks of the full one, in words."""
    lost = [
        f"{getattr(size, name):,} {name} instead of {getattr(full, name):,}"
        for name in ("trials", "seeds", "steps")
        if getattr(size, name) != getattr(full, name)
    ]
    return ", ".join(lost) or "nothing was given up"


def _rounded_up(hours: float) -> str:
    """Two digits, never less than what is needed."""
    scale = 10.0 ** (math.floor(math.log10(hours)) - 1)
    return f"{math.ceil(hours / scale) * scale:.10g}"
