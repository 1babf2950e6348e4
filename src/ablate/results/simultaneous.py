"""Intervals that hold for a whole board at once, so that at most 5 % of boards name a false winner.

Here each row is compared with one baseline; :mod:`ablate.results.ties` compares each row with each.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, special, stats

from ablate.results.statistics import LEVEL, Interval, Sample, deviation, hierarchical

Floats = NDArray[np.float64]
SIMULATIONS = 20_000
ONE_BASELINE = 3.0
"""What the common level of the variances is worth at most, in rows.

The noise of the baseline is in every difference, so that however many there are, they know the level no better than
about 4 (runs - 1) degrees of freedom would: half of it rests on the baseline's own runs.
"""


def simultaneous(deltas: Sequence[Sample]) -> list[Interval]:
    """Max-T intervals of differences to one baseline: all of them hold at once in 95 % of boards.

    The level of each is that of the largest studentised difference when none is real, with the correlation that the
    shared baseline and documents cause; differing degrees of freedom are put on one scale by their p values
    (Westfall & Young, 1993).
    """
    if not deltas:
        return []
    freedom = moderated(deltas, ONE_BASELINE)[1]
    half = halves(deltas, ONE_BASELINE, _level(_correlation(deltas), freedom))
    means = [float(d.values.mean()) for d in deltas]
    return [Interval(mean, mean - float(h), mean + float(h)) for mean, h in zip(means, half, strict=True)]


def halves(deltas: Sequence[Sample], most: float, level: float) -> Floats:
    """Half widths of intervals that each miss with probability ``level``, [m].

    The half widths of seeds (t, few degrees of freedom) and of documents (normal) are added as squares. An interval
    of the added variances would need degrees of freedom read off the same estimate (Satterthwaite, 1946), and few
    runs that lie close together by chance would make it look well known: with 3 seeds 8 % of boards had a false win.
    """
    variances, freedom = moderated(deltas, most)
    seeds = stats.t.isf(level / 2, np.maximum(freedom, 1.0)) * np.sqrt(variances)
    documents = stats.norm.isf(level / 2) * np.array([deviation(d)[1] for d in deltas])
    return np.asarray(np.hypot(seeds, documents))


def moderated(deltas: Sequence[Sample], most: float) -> tuple[Floats, Floats]:
    """Variances of the means over seeds, drawn towards their common level, and degrees of freedom, [m] each.

    Empirical Bayes for a scaled inverse chi-squared law of variances (Smyth, 2004), by the moments of their logarithms;
    the level counts as ``most`` rows at most.
    """
    runs = np.array([len(d.values) for d in deltas])
    variances, freedom = np.array([deviation(d)[0] ** 2 for d in deltas]) * runs, runs - 1.0
    usable = (freedom > 0) & (variances > 0)
    if usable.sum() < 3 or most <= 0:
        return variances / runs, freedom
    v, d = variances[usable], freedom[usable]
    logs = np.log(v) - special.digamma(d / 2) + np.log(d / 2)
    excess = float(logs.var(ddof=1) - special.polygamma(1, d / 2).mean())
    limit = most * float(d.mean())
    prior = min(limit, _inverse_trigamma(excess) * 2) if excess > 0 else limit
    level = float(np.exp(logs.mean() + special.digamma(prior / 2) - np.log(prior / 2)))
    shrunk = variances.copy()
    shrunk[usable] = (prior * level + d * v) / (prior + d)
    return shrunk / runs, freedom + prior


def _inverse_trigamma(value: float) -> float:
    """The x with trigamma(x) = value; trigamma falls from infinity to 0."""
    return float(optimize.brentq(lambda x: float(special.polygamma(1, x)) - value, 1e-6, 1e9))


def _correlation(deltas: Sequence[Sample]) -> Floats:
    """Correlation of the differences over the hierarchical bootstrap, [m, m]; a constant one correlates with none."""
    draws = np.stack([hierarchical(d) for d in deltas])
    centred = draws - draws.mean(axis=1, keepdims=True)
    norms = np.sqrt((centred**2).sum(axis=1))
    unit = np.divide(centred, norms[:, None], out=np.zeros_like(centred), where=norms[:, None] > 0)
    correlation = unit @ unit.T
    np.fill_diagonal(correlation, 1.0)
    return np.asarray(correlation)


def _level(correlation: Floats, freedom: Floats) -> float:
    """The p value that the least of all stays under in 5 % of boards where no difference is real, by simulation."""
    rng = np.random.default_rng(0)
    values, vectors = np.linalg.eigh(correlation)
    root = vectors * np.sqrt(np.maximum(values, 0))
    normal = rng.standard_normal((SIMULATIONS, len(freedom))) @ root.T
    t = np.abs(normal / np.sqrt(rng.chisquare(freedom, size=normal.shape) / freedom))
    if (freedom == freedom[0]).all():  # one scale already: the largest t has the least p value
        t, freedom = t.max(axis=1, keepdims=True), freedom[:1]
    return float(np.quantile(2 * np.asarray(stats.t.sf(t, freedom)).min(axis=1), 1 - LEVEL))
