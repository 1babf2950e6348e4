"""Intervals for recall at budget, from alarm sets and the truth, without a model.

Two sources of chance are kept apart: new runs (initialisation, order, dropout: the seeds) and new documents from the
same source. All rows of a board are read under the same draws of documents, so that differences are paired.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse, stats

from ablate.data.labels import Labels

Floats = NDArray[np.float64]
LEVEL = 0.95
UNITS = 8192
"""Most units that are resampled; above it documents are dealt at random into this many groups, drawn as a whole."""

COINS = 12  # coin-flip alarm sets on which the spread of macro draws is calibrated


@dataclass(frozen=True, eq=False)
class Sample:
    """One figure of one arm: its value per seed [S], and under each draw of documents [S, D].

    ``seedless`` marks a control with one run that no seed would change.
    """

    seeds: tuple[int, ...]
    values: Floats
    draws: Floats
    seedless: bool = False

    def at(self, seeds: tuple[int, ...]) -> Sample:
        """Only these seeds, in this order; a seedless run stands for each of them."""
        rows = np.array([0 if self.seedless else self.seeds.index(seed) for seed in seeds])
        return Sample(seeds, self.values[rows], self.draws[rows], self.seedless)


@dataclass(frozen=True)
class Interval:
    """A mean with its 95 % interval."""

    mean: float
    low: float
    high: float


class Resampler:
    """Draws of test documents, with replacement, shared by all rows of a board.

    ``labels`` [M, L] are the true labels of the test documents.
    """

    def __init__(self, labels: Labels, draws: int = 1000, seed: int = 0) -> None:
        rng = np.random.default_rng([seed, len(labels), draws])
        self.labels = labels
        self.units = min(len(labels), UNITS)
        self._unit = np.arange(len(labels)) % self.units
        if len(labels) > UNITS:
            self._unit = rng.permutation(self._unit)
        self._weights = self._drawn(rng, draws)  # [units, D]
        self._positive = labels.rows * labels.width + labels.indices
        self._positives = self._per_label(np.ones(len(labels.indices), dtype=bool))  # [L, D]
        self._present = np.maximum(np.count_nonzero(self._positives, axis=0), 1)
        self._share = np.divide(1, self._positives, out=np.zeros_like(self._positives), where=self._positives > 0)
        self._stretch = self._calibrated(rng)

    def _drawn(self, rng: np.random.Generator, draws: int) -> NDArray[np.float32]:
        weights = np.empty((self.units, draws), dtype=np.float32)
        for d in range(draws):
            weights[:, d] = np.bincount(rng.integers(self.units, size=self.units), minlength=self.units)
        return weights

    def _per_label(self, chosen: NDArray[np.bool_]) -> NDArray[np.float32]:
        """Weight of the chosen positive pairs, per label and draw, [L, D]."""
        rows, columns = self._unit[self.labels.rows[chosen]], self.labels.indices[chosen]
        shape = (self.labels.width, self.units)
        pairs = sparse.csr_matrix((np.ones(len(rows), np.float32), (columns, rows)), shape=shape)
        weighed: NDArray[np.float32] = pairs @ self._weights
        return weighed

    def _calibrated(self, rng: np.random.Generator) -> float:
        """Factor on the spread of macro draws that makes it right for coin flips on these labels, at least 1.

        A label with n positives shows only (n - 1) / n of its variance to a bootstrap, a label with one none at all,
        and long tails consist of such labels (rescaling: Rao & Wu, 1988). Where each positive pair is a hit with
        probability 1/2 the true variance of macro recall is known: the sum of 1 / (4 n), over labels squared.
        """
        counts = self.labels.counts()
        counts = counts[counts > 0]
        if not len(counts):
            return 1.0
        true = float((0.25 / counts).sum()) / len(counts) ** 2
        flips = rng.random((COINS, len(self.labels.indices))) < 0.5
        drawn = float(np.mean([self._macro(self._per_label(flip)).var(ddof=1) for flip in flips]))
        return max(1.0, float(np.sqrt(true / drawn))) if drawn > 0 else 1.0

    def _macro(self, found: NDArray[np.float32]) -> Floats:
        return np.asarray(np.einsum("ld,ld->d", found, self._share, dtype=np.float64) / self._present)

    def recalls(self, alarms: NDArray[np.int64]) -> tuple[Floats, Floats]:
        """Macro and micro recall of one alarm set (flat indices, ascending) under each draw, [D] each.

        A label of which a draw holds no positive is left out of that draw's macro mean; the spread of the macro draws
        is stretched for labels with few positives.
        """
        found = self._per_label(np.isin(self._positive, alarms, assume_unique=True))
        macro = self._macro(found)
        macro = macro.mean() + self._stretch * (macro - macro.mean())
        micro = found.sum(axis=0, dtype=np.float64) / np.maximum(self._positives.sum(axis=0, dtype=np.float64), 1)
        return macro, micro


def paired(a: Sample, b: Sample) -> Sample | None:
    """The difference a - b by seed, under the same documents; None where they share no seed.

    A seedless control is set against every seed of the other.
    """
    if a.seedless or b.seedless:
        seeds = b.seeds if a.seedless else a.seeds
    else:
        seeds = tuple(seed for seed in a.seeds if seed in b.seeds)
    if not seeds:
        return None
    x, y = a.at(seeds), b.at(seeds)
    return Sample(seeds, x.values - y.values, x.draws - y.draws, a.seedless and b.seedless)


def hierarchical(sample: Sample, seed: int = 0) -> Floats:
    """Bootstrap means [D]: seeds drawn with replacement, then documents; centred on the mean over seeds.

    The same seeds are drawn for any two samples with as many runs.
    """
    runs, draws = sample.draws.shape
    chosen = np.random.default_rng([seed, runs, draws]).integers(runs, size=(draws, runs))
    means = sample.draws[chosen, np.arange(draws)[:, None]].mean(axis=1)
    return np.asarray(means - means.mean() + sample.values.mean())


def interval(sample: Sample) -> Interval:
    """The wider of the t interval over seeds and the hierarchical bootstrap (seeds, then documents).

    With one run there is no t interval: the interval then speaks of new documents only.
    """
    mean = float(sample.values.mean())
    low, high = (float(v) for v in np.quantile(hierarchical(sample), [(1 - LEVEL) / 2, (1 + LEVEL) / 2]))
    half = _seed_half(sample.values)
    if 2 * half > high - low:
        low, high = mean - half, mean + half
    return Interval(mean, min(low, mean), max(high, mean))


def _seed_half(values: Floats) -> float:
    runs = len(values)
    if runs < 2:
        return 0.0
    return float(stats.t.ppf((1 + LEVEL) / 2, runs - 1) * values.std(ddof=1) / np.sqrt(runs))


def deviation(sample: Sample) -> tuple[float, float]:
    """Standard errors of the mean: from the seeds, and from the documents."""
    runs = len(sample.values)
    seeds = float(sample.values.std(ddof=1) / np.sqrt(runs)) if runs > 1 else 0.0
    return seeds, float(sample.draws.mean(axis=0).std(ddof=1))


def smallest_detectable(sample: Sample) -> float:
    """The true difference that this many runs and documents find in 80 % of studies at the 5 % level (two-sided)."""
    seeds, documents = deviation(sample)
    freedom = max(len(sample.values) - 1, 1)
    if seeds == 0 or len(sample.values) < 2:
        return (1.96 + 0.84) * documents
    factor = float(stats.t.ppf(0.975, freedom) + stats.t.ppf(0.8, freedom))
    return float(np.hypot(factor * seeds, (1.96 + 0.84) * documents))
