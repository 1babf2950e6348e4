"""How rough training was: spikes, noise and backtracking of the loss, spread of the gradient norm."""

from __future__ import annotations

import math

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

Floats = NDArray[np.float64]

WINDOW = 200  # earlier steps that a step is compared with
FEWEST = 50  # of them at least
DEVIATIONS = 7.0
ROBUST = 1.4826  # median absolute deviation to standard deviation, for a normal law
FLOOR = 1e-6  # least deviation of a log loss: what float32 can tell apart
DECAY = 0.99
CHUNK = 5_000  # steps whose windows are held in memory at once


def spikes(losses: Floats) -> float | None:
    """Share of steps whose log loss is over 7 robust deviations above the median of the 200 steps before.

    Steps with fewer than 50 before them are not judged. The logarithm makes it blind to the scale of a loss. None
    for losses that are not positive throughout, or too few.
    """
    logs = _logs(losses)
    if logs is None or len(logs) <= FEWEST:
        return None
    early = sum(bool(_above(logs[:t][None], logs[t : t + 1])[0]) for t in range(FEWEST, min(WINDOW, len(logs))))
    late = 0
    if len(logs) > WINDOW:
        windows = sliding_window_view(logs[:-1], WINDOW)
        for start in range(0, len(windows), CHUNK):
            block = windows[start : start + CHUNK]
            late += int(_above(block, logs[WINDOW + start : WINDOW + start + len(block)]).sum())
    return (early + late) / (len(logs) - FEWEST)


def _above(windows: NDArray[np.float32], values: NDArray[np.float32]) -> NDArray[np.bool_]:
    middle = _medians(windows)
    candidates = values > middle + DEVIATIONS * FLOOR  # the deviation is needed for these alone
    result = np.zeros(len(values), dtype=bool)
    if candidates.any():
        centre = middle[candidates]
        spread = ROBUST * _medians(np.abs(windows[candidates] - centre[:, None]))
        result[candidates] = values[candidates] > centre + DEVIATIONS * np.maximum(spread, FLOOR)
    return result


def _medians(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    """Median of each row; of an even number of values the mean of the middle two."""
    half = rows.shape[1] // 2
    parted = np.partition(rows, half, axis=1)
    upper: NDArray[np.float32] = parted[:, half]
    return upper if rows.shape[1] % 2 else (parted[:, :half].max(axis=1) + upper) * np.float32(0.5)


def _logs(losses: Floats) -> NDArray[np.float32] | None:
    finite = losses[np.isfinite(losses)]
    if not len(finite) or finite.min() < 0 or finite.max() == 0:
        return None
    return np.log(np.maximum(finite, 1e-30)).astype(np.float32)


def loss_backtracking(losses: Floats) -> float | None:
    """Rises of the loss, added up over 50 window means, as a share of its fall from the first to the lowest."""
    finite = losses[np.isfinite(losses)]
    if len(finite) < 2:
        return None
    means = np.array([part.mean() for part in np.array_split(finite, min(50, len(finite)))])
    fall = float(means[0] - means.min())
    return float(np.maximum(0, np.diff(means)).sum()) / fall if fall > 0 else None


def loss_cv(losses: Floats) -> float | None:
    """Coefficient of variation of the loss around its moving average (decay .99, start-up bias removed).

    The first 100 steps, over which the average fills, are left out where there are 200 or more.
    """
    finite = losses[np.isfinite(losses)]
    if len(finite) < 2:
        return None
    average = _moving_average(finite)
    skip = 100 if len(finite) >= 200 else 0
    level = np.abs(average[skip:])
    if level.min() == 0:
        return None
    return float(np.sqrt(np.mean(((finite[skip:] - average[skip:]) / level) ** 2)))


def _moving_average(values: Floats) -> Floats:
    sums, total = np.empty(len(values)), 0.0
    for t, value in enumerate(values.tolist()):
        total = DECAY * total + (1 - DECAY) * value
        sums[t] = total
    return sums / (1 - DECAY ** np.arange(1, len(values) + 1))


def gradient_norm(norms: Floats) -> dict[str, float | None]:
    """Median and 99th percentile of the gradient norm before clipping, and their ratio."""
    finite = norms[np.isfinite(norms)]
    if not len(finite):
        return {"p50": None, "p99": None, "ratio": None}
    p50, p99 = (float(v) for v in np.percentile(finite, [50, 99]))
    return {"p50": p50, "p99": p99, "ratio": p99 / p50 if p50 > 0 and math.isfinite(p99 / p50) else None}
