"""Studies drawn from known laws, so that tests and ``benchmarks/coverage.py`` can count how often an interval holds."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from ablate.data.labels import Labels
from ablate.results.statistics import Resampler, Sample

POINT = 0.01
DRAWS = 300


def gaussian(
    rng: np.random.Generator, means: Sequence[float], runs: int, seeds: Sequence[float], documents: float, shared: float
) -> list[Sample]:
    """Rows with normal noise of seeds (a deviation for each row) and of documents.

    ``shared`` is the share of the seeds' variance that all rows have in common, as the same seeds for all arms give.
    """
    rows, deviation = len(means), np.asarray(seeds)[:, None]
    common, own = rng.normal(size=runs), rng.normal(size=(rows, runs))
    values = np.asarray(means)[:, None] + deviation * (np.sqrt(shared) * common + np.sqrt(1 - shared) * own)
    values = values + documents * rng.normal(size=(rows, 1))
    draws = documents * rng.normal(size=(rows, 1, DRAWS))
    return [Sample(tuple(range(runs)), v, v[:, None] + d) for v, d in zip(values, draws, strict=True)]


def long_tailed(seed: int, runs: int, width: int = 30, documents: int = 300) -> tuple[Sample, float]:
    """Macro recall of ``runs`` alarm sets on one drawn test set, and its true value.

    Half of the labels have few positives. The runs find mostly the same positives, and each run has its own level.
    """
    rng = np.random.default_rng([11, runs, seed])
    prior = np.geomspace(1.5 / documents, 0.1, width)
    truth = Labels.from_lists([np.flatnonzero(row) for row in rng.random((documents, width)) < prior], width)
    recall, present = np.linspace(0.2, 0.8, width), truth.counts() > 0
    shared = rng.normal(size=len(truth.indices))
    resampler, values, draws = Resampler(truth, draws=DRAWS, seed=seed), [], []
    for _ in range(runs):
        own = np.sqrt(0.7) * shared + np.sqrt(0.3) * rng.normal(size=len(shared))
        hit = own < stats.norm.ppf(np.clip(recall + 0.02 * rng.normal(), 0.01, 0.99))[truth.indices]
        values.append(_macro(truth, hit, present))
        draws.append(resampler.recalls((truth.rows * width + truth.indices)[hit])[0])
    return Sample(tuple(range(runs)), np.array(values), np.stack(draws)), float(recall[present].mean())


def _macro(truth: Labels, hit: NDArray[np.bool_], present: NDArray[np.bool_]) -> float:
    found = np.bincount(truth.indices[hit], minlength=truth.width)
    return float((found[present] / truth.counts()[present]).mean())
