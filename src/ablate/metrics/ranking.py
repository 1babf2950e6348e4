"""Average precision, which needs no cut."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ablate.data.labels import Labels

COLUMNS = 64  # read together: a row of them fills whole cache lines
AT_ONCE = 2**22  # scores that are copied at once, at most
FEW = 32  # positives up to which counting is quicker than sorting


def average_precision(scores: NDArray[np.float32], labels: Labels) -> NDArray[np.float64]:
    """Average precision of each label, [L]; NaN without a positive.

    Equals scikit-learn's ``average_precision_score``, ties included: the mean, over a label's positives, of the
    precision among the documents that score at least as high. Some columns are copied at a time, so that the scores
    may lie in a file.
    """
    columns = _by_column(scores, labels)
    result = np.full(labels.width, np.nan)
    together = max(1, min(COLUMNS, AT_ONCE // max(1, len(scores))))
    for start in range(0, labels.width, together):
        block = np.array(scores[:, start : start + together].T, order="C")  # [columns, M]
        for offset, column in enumerate(block):
            positive = np.sort(columns[start + offset])
            if len(positive):
                found = len(positive) - np.searchsorted(positive, positive)  # positives that score at least as high
                result[start + offset] = (found / _reached(column, positive)).mean()
    return result


def _reached(column: NDArray[np.float32], positive: NDArray[np.float32]) -> NDArray[np.int64]:
    """Documents that score at least as high as each positive; may change the order of ``column``."""
    if len(positive) <= FEW:
        return np.array([np.count_nonzero(column >= score) for score in positive])
    column.sort()
    return np.asarray(len(column) - np.searchsorted(column, positive))


def _by_column(scores: NDArray[np.float32], labels: Labels) -> list[NDArray[np.float32]]:
    """Scores of the positives of each label."""
    order = np.argsort(labels.indices, kind="stable")
    values = scores[labels.rows[order], labels.indices[order]]
    return np.split(values, np.cumsum(labels.counts())[:-1])
