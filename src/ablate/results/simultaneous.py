"""Intervals that hold for a whole board at once, so that at most 5 % of boards name a false winner."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, special, stats

from ablate.results.statistics import LEVEL, Interval, Sample, deviation, hierarchical

Floats = NDArray[np.float64]
SIMULATIONS = 20_000


def simultaneous(deltas: Sequence[Sample]) -> list[Interval]:
    """Max-T intervals of differences to one baseline: all of them hold at once in 95 % of boards.

    The variance of a difference is that of its seeds, moderated over the board (Smyth, 2004), plus that of its
    documents. The critical value is the 95 % quantile of the largest studentised difference when none is real,
    with the correlation that the shared baseline and documents cause; differing degrees of freedom are put on one
    scale by their p values (Westfall & Young, 1993).
    """
    if not deltas:
        return []
    runs = np.array([len(d.values) for d in deltas])
    errors = np.array([deviation(d) for d in deltas])  # [m, (seeds, documents)]
    moderated, prior = _moderated(errors[:, 0] ** 2 * runs, runs - 1.0)
    seeds, documents = moderated / runs, errors[:, 1] ** 2
    error = np.sqrt(seeds + documents)
    freedom = _freedom(seeds, documents, prior + runs - 1)
    half = _critical(_correlation(deltas), freedom) * error
    means = [float(d.values.mean()) for d in deltas]
    return [Interval(mean, mean - float(h), mean + float(h)) for mean, h in zip(means, half, strict=True)]


def _moderated(variances: Floats, freedom: Floats) -> tuple[Floats, float]:
    """Variances drawn towards their common level, and the degrees of freedom that this level is worth.

    Empirical Bayes for a scaled inverse chi-squared law of variances, by the moments of their logarithms. The noise of
    the baseline is in every difference, so that however many there are, they know the level no better than about
    4 (runs - 1) degrees of freedom would: half of it rests on the baseline's own runs.
    """
    usable = (freedom > 0) & (variances > 0)
    if usable.sum() < 3:
        return variances, 0.0
    v, d = variances[usable], freedom[usable]
    logs = np.log(v) - special.digamma(d / 2) + np.log(d / 2)
    excess = float(logs.var(ddof=1) - special.polygamma(1, d / 2).mean())
    most = 3 * float(d.mean())
    prior = min(most, _inverse_trigamma(excess) * 2) if excess > 0 else most
    level = float(np.exp(logs.mean() + special.digamma(prior / 2) - np.log(prior / 2)))
    shrunk = variances.copy()
    shrunk[usable] = (prior * level + d * v) / (prior + d)
    return shrunk, prior


def _inverse_trigamma(value: float) -> float:
    """The x with trigamma(x) = value; trigamma falls from infinity to 0."""
    return float(optimize.brentq(lambda x: float(special.polygamma(1, x)) - value, 1e-6, 1e9))


def _freedom(seeds: Floats, documents: Floats, freedom: Floats) -> Floats:
    """Degrees of freedom of seed plus document variance (Satterthwaite, 1946); the latter is taken as known."""
    result = np.full(len(seeds), 1e6)
    chance = (seeds > 0) & (freedom > 0)
    share = (seeds[chance] + documents[chance]) / seeds[chance]
    result[chance] = np.minimum(1e6, freedom[chance] * share**2)
    return result


def _correlation(deltas: Sequence[Sample]) -> Floats:
    """Correlation of the differences over the hierarchical bootstrap, [m, m]; a constant one correlates with none."""
    draws = np.stack([hierarchical(d) for d in deltas])
    centred = draws - draws.mean(axis=1, keepdims=True)
    norms = np.sqrt((centred**2).sum(axis=1))
    unit = np.divide(centred, norms[:, None], out=np.zeros_like(centred), where=norms[:, None] > 0)
    correlation = unit @ unit.T
    np.fill_diagonal(correlation, 1.0)
    return np.asarray(correlation)


def _critical(correlation: Floats, freedom: Floats) -> Floats:
    """Critical value of each difference, [m], by simulation under the hypothesis that none is real."""
    rng = np.random.default_rng(0)
    values, vectors = np.linalg.eigh(correlation)
    root = vectors * np.sqrt(np.maximum(values, 0))
    normal = rng.standard_normal((SIMULATIONS, len(freedom))) @ root.T
    t = normal / np.sqrt(rng.chisquare(freedom, size=normal.shape) / freedom)
    least = np.asarray(2 * stats.t.sf(np.abs(t), freedom)).min(axis=1)
    return np.asarray(stats.t.isf(np.quantile(least, 1 - LEVEL) / 2, freedom))
