"""Interval of a share."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

Z = 1.959963984540054
Floats = NDArray[np.float64]


def wilson(found: ArrayLike, of: ArrayLike) -> tuple[Floats, Floats]:
    """95 % score interval of the share ``found / of`` (Wilson, 1927), element by element; NaN where ``of`` is 0."""
    n = np.where(np.asarray(of) > 0, np.asarray(of, dtype=np.float64), np.nan)
    share, square = np.asarray(found, dtype=np.float64) / n, Z * Z
    centre = (share + square / (2 * n)) / (1 + square / n)
    half = Z * np.sqrt(share * (1 - share) / n + square / (4 * n * n)) / (1 + square / n)
    return np.maximum(0.0, centre - half), np.minimum(1.0, centre + half)
