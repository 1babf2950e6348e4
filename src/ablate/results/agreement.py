"""Does a cheap study order strategies as a dear one does? Kendall's tau between their differences to the baseline."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import atanh, comb, sqrt, tanh
from statistics import fmean

import numpy as np
from scipy import stats

from ablate.errors import AblateError
from ablate.results.board import BASELINE, entries_of
from ablate.results.folder import Read
from ablate.results.statistics import Interval, Sample, interval, paired

FEWEST = 5
"""Strategies, below which nothing is said: an interval for tau needs more than four."""

SPLITS = 200  # most ways to halve the seeds that are averaged


@dataclass(frozen=True)
class Agreement:
    """What a cheap study says about a dear one.

    ``differences`` are macro recall at equal alarms less the baseline's, shares, (cheap, dear) of each strategy.
    ``tau`` is Kendall's tau-b between them; its interval is over strategies: what to expect of others like these.
    ``itself`` is the tau between two halves of the dear study's seeds: another study can hardly agree better (None
    under four seeds). Of all pairs, ``apart`` are told apart by the dear study (95 %), and the cheap one has ``alike``
    of them in the same order. ``chosen`` is the cheap study's best strategy; ``lost`` is what the dear study's best
    has more than it there.
    """

    cheap: str
    dear: str
    differences: Mapping[str, tuple[float, float]]
    tau: Interval
    itself: float | None
    apart: int
    alike: int
    chosen: str
    best: str
    lost: Interval

    @property
    def pairs(self) -> int:
        """Pairs of strategies."""
        return comb(len(self.differences), 2)


def agreement(cheap: Read, dear: Read) -> Agreement:
    """Compare the strategies that both studies have finished runs and a difference to the baseline of.

    Strategies that train other layers are in neither: they cost something else. The baseline itself takes part with a
    difference of zero, so that what is worse than doing nothing counts.

    Raises:
        AblateError: fewer than :data:`FEWEST` such strategies.
    """
    known = _macro(dear, draws=1000)
    ours, theirs = _differences(_macro(cheap, draws=2)), _differences(known)  # no interval is asked of the cheap one
    names = [name for name in theirs if name in ours]
    if len(names) < FEWEST:
        raise AblateError(
            f"'{cheap.folder}' and '{dear.folder}' have {len(names)} strategies in common; Kendall's tau needs "
            f"{FEWEST} or more, with finished runs of each and of the baseline: run the same --strategies in both"
        )
    x, y = ([float(side[name].values.mean()) for name in names] for side in (ours, theirs))
    apart, alike = _told(names, dict(zip(names, x, strict=True)), known)
    chosen, best = (max(names, key=lambda n: values[names.index(n)]) for values in (x, y))
    lost = paired(known[best], known[chosen])
    assert lost is not None
    return Agreement(
        _name(cheap),
        _name(dear),
        {name: (a, b) for name, a, b in zip(names, x, y, strict=True)},
        kendall(x, y),
        _itself([theirs[name] for name in names]),
        apart,
        alike,
        chosen,
        best,
        interval(lost),
    )


def kendall(x: Sequence[float], y: Sequence[float]) -> Interval:
    """Kendall's tau-b of n > 4 pairs of values, with its 95 % interval over such pairs.

    The interval is normal for atanh(tau) with variance 0.437 / (n - 4) (Fieller, Hartley and Pearson, 1957); where all
    pairs agree, or none does, it is that of a tau with half a pair otherwise. It is for values without ties, and rough
    for n near 5.
    """
    found = stats.kendalltau(x, y).statistic
    tau = 0.0 if np.isnan(found) else round(float(found), 12)
    most = 1 - 1 / comb(len(x), 2)
    middle, half = atanh(min(max(tau, -most), most)), 1.96 * sqrt(0.437 / (len(x) - 4))
    low, high = tanh(middle - half), tanh(middle + half)
    return Interval(tau, min(low, tau), max(high, tau))


def _name(found: Read) -> str:
    return str(found.board["study"] or found.folder.name)


def _macro(found: Read, draws: int) -> dict[str, Sample]:
    """Macro recall at budget of the strategies that take part."""
    entries = entries_of(found.bodies, found.records, draws)
    return {entry.arm: entry.macro for entry in entries if entry.ranks and entry.macro is not None}


def _differences(macro: Mapping[str, Sample]) -> dict[str, Sample]:
    """Less the baseline's, of those that share a seed with it."""
    base = macro.get(BASELINE)
    found = {} if base is None else {name: paired(sample, base) for name, sample in macro.items()}
    return {name: sample for name, sample in found.items() if sample is not None}


def _told(names: Sequence[str], cheap: Mapping[str, float], dear: Mapping[str, Sample]) -> tuple[int, int]:
    """Pairs that the dear study tells apart, and how many of them the cheap one has in the same order."""
    apart = alike = 0
    for a, b in combinations(names, 2):
        sample = paired(dear[a], dear[b])
        if sample is None:
            continue
        found = interval(sample)
        if found.low > 0 or found.high < 0:
            apart += 1
            alike += (cheap[a] - cheap[b]) * found.mean > 0
    return apart, alike


def _itself(samples: Sequence[Sample]) -> float | None:
    """Mean tau between two halves of the seeds that all strategies share, over the ways to halve them."""
    seeds = sorted(set.intersection(*(set(sample.seeds) for sample in samples)))
    if len(seeds) < 4:
        return None
    values = np.array([sample.at(tuple(seeds)).values for sample in samples])  # [strategies, seeds]
    halves = list(combinations(range(len(seeds)), len(seeds) // 2))[:SPLITS]
    rest = [[s for s in range(len(seeds)) if s not in half] for half in halves]
    return fmean(
        kendall(values[:, list(half)].mean(1).tolist(), values[:, other].mean(1).tolist()).mean
        for half, other in zip(halves, rest, strict=True)
    )
