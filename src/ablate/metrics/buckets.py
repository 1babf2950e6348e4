"""Recall and precision by how often a label occurs in training."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from ablate.metrics.counts import Counts

BUCKETS: dict[str, tuple[float, float]] = {
    "rare": (0, 10),
    "few": (10, 100),
    "medium": (100, 10_000),
    "head": (10_000, math.inf),
}
"""Training positives from (included) and to (excluded)."""


def buckets(counts: Counts, counts_train: NDArray[np.integer]) -> dict[str, dict[str, float | int | None]]:
    """Macro and pooled recall, precision, labels with a test positive and test positives of each bucket.

    ``counts_train`` are training positives, [L]. A figure without anything to count is None.
    """
    return {
        name: _figures(counts.among((counts_train >= low) & (counts_train < high)))
        for name, (low, high) in BUCKETS.items()
    }


def _figures(counts: Counts) -> dict[str, float | int | None]:
    return {
        "macro_recall": defined(counts.macro_recall),
        "pooled_recall": defined(counts.micro_recall),
        "precision": defined(counts.precision),
        "alarms": int(counts.alarms.sum()),
        "labels": int(counts.present.sum()),
        "test_positives": int(counts.positives.sum()),
    }


def defined(value: float) -> float | None:
    """The value, or None where it is undefined: JSON has no NaN."""
    return float(value) if math.isfinite(value) else None
