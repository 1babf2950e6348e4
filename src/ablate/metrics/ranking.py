"""Average precision, which needs no cut."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ablate.data.labels import Labels

COLUMNS_AT_ONCE = 64  # bounds the sorted copy at 64 columns


def average_precision(scores: NDArray[np.float32], labels: Labels) -> NDArray[np.float64]:
    """Average precision of each label, [L]; NaN without a positive.

    Equals scikit-learn's ``average_precision_score``, ties included: the mean, over a label's positives, of the
    precision among the documents that score at least as high.
    """
    columns = _by_column(scores, labels)
    result = np.full(labels.width, np.nan)
    for start in range(0, labels.width, COLUMNS_AT_ONCE):
        block = np.sort(scores[:, start : start + COLUMNS_AT_ONCE].T, axis=1)  # [columns, M], ascending
        for offset, column in enumerate(block):
            positive = columns[start + offset]
            if len(positive):
                result[start + offset] = _one(column, np.sort(positive))
    return result


def _one(column: NDArray[np.float32], positive: NDArray[np.float32]) -> float:
    reached = len(column) - np.searchsorted(column, positive)  # documents that score at least as high
    found = len(positive) - np.searchsorted(positive, positive)  # positives among them
    return float((found / reached).mean())


def _by_column(scores: NDArray[np.float32], labels: Labels) -> list[NDArray[np.float32]]:
    """Scores of the positives of each label."""
    order = np.argsort(labels.indices, kind="stable")
    values = scores[labels.rows[order], labels.indices[order]]
    return np.split(values, np.cumsum(labels.counts())[:-1])
