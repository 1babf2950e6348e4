"""Which rows can be told apart, all pairs at once: the group around the leader, and intervals of ranks.

The leader of a board is chosen by the very figures that it is then compared by. Intervals that hold for all pairs at
once hold for the leader too, whoever that turns out to be (Tukey, 1953). The ranks that no such interval contradicts
cover the true ranks, near ties or not (Mogstad, Romano, Shaikh & Wilhelm, 2024); percentiles of resampled ranks do
not (Hall & Miller, 2009).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from ablate.results.simultaneous import Floats, halves
from ablate.results.statistics import LEVEL, Interval, Sample, paired

MOST = 3.0  # rows that the common level of the variances counts as, at most


@dataclass(frozen=True, eq=False)
class Pairs:
    """Differences of m rows, [m, m]: the mean of row i less row j, and half of its simultaneous 95 % interval.

    The half is infinite where two rows share fewer than two seeds.
    """

    means: Floats
    halves: Floats

    @property
    def above(self) -> NDArray[np.bool_]:
        """Whether row i is told to lie above row j, [m, m]."""
        return np.asarray(self.means > self.halves)

    def interval(self, i: int, j: int) -> Interval | None:
        """Row i less row j; None where they share fewer than two seeds."""
        mean, half = float(self.means[i, j]), float(self.halves[i, j])
        return Interval(mean, mean - half, mean + half) if np.isfinite(half) else None

    def ranks(self, i: int) -> tuple[int, int]:
        """The best and the worst rank that row i may have; they hold for all rows at once in 95 % of boards."""
        better, worse = int(self.above[:, i].sum()), int(self.above[i].sum())
        return 1 + better, len(self.means) - worse


def pairwise(samples: Sequence[Sample]) -> Pairs:
    """Compare each row with each, by the seeds that both have and under the same documents.

    The intervals are those of :func:`ablate.results.simultaneous.halves` at the level of Šidák (1967), which needs no
    correlation: a handful of seeds says little of that of many pairs.
    """
    m = len(samples)
    means, wide = np.zeros((m, m)), np.full((m, m), np.inf)
    np.fill_diagonal(wide, 0.0)
    found = {
        (i, j): delta
        for i, j in combinations(range(m), 2)
        if (delta := paired(samples[i], samples[j])) is not None and len(delta.seeds) > 1
    }
    if found:
        first, second = np.array(list(found)).T
        deltas = list(found.values())
        apart = np.array([float(delta.values.mean()) for delta in deltas])
        means[first, second], means[second, first] = apart, -apart
        # the pairs of few rows are made of few variances, which say less of a common level than as many rows would
        half = halves(deltas, min(MOST, (m - 3) / 2), 1 - LEVEL ** (1 / len(deltas)))
        wide[first, second] = wide[second, first] = half
    return Pairs(means, wide)
