"""Did a run settle? A verdict on its learning curve, and how rough its training was.

The curve is macro recall at budget on *corrected* scores (known shifts removed), so that a decision rule cannot pass
for learning. Metric and training loss are judged apart: a noisy loss is not an unstable model.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ablate.metrics import roughness

PROGRESS = 0.01  # gain of macro recall under which a run has learnt nothing
DIP = 0.25  # share of the gain that may be lost on the way
DRIFT = 0.05  # share of the gain that the last fifth may still add

Floats = NDArray[np.float64]


def stability(curve: ArrayLike, losses: ArrayLike, gradient_norms: ArrayLike, finite: bool = True) -> dict[str, Any]:
    """Verdict ``settled``, ``unfinished``, ``unstable`` or ``failed``, its reason, and the figures behind it.

    ``curve`` is macro recall at each evaluation point, the first before training; ``losses`` and ``gradient_norms``
    (before clipping) have one value per step. ``finite`` says that no loss or gradient was infinite or NaN. Shares
    are of the gain, which is the best point minus the first. A figure that is not defined is None.
    """
    points = np.asarray(curve, dtype=np.float64)
    whole = finite and len(points) > 1 and bool(np.isfinite(points).all())
    figures = _curve(points) if whole else dict.fromkeys(CURVE)
    verdict, reason = (
        _verdict(figures) if whole else ("failed", "a value was not finite" if len(points) else "no curve")
    )
    steps = np.asarray(losses, dtype=np.float64)
    return {
        "verdict": verdict,
        "reason": reason,
        **figures,
        "loss_backtracking": roughness.loss_backtracking(steps),
        "spikes": roughness.spikes(steps),
        "loss_cv": roughness.loss_cv(steps),
        "gradient_norm": roughness.gradient_norm(np.asarray(gradient_norms, dtype=np.float64)),
    }


CURVE = ("gain", "worst_dip", "drop", "late_drift", "backtracking")


def _curve(points: Floats) -> dict[str, float | None]:
    gain = float(points.max() - points[0])
    if gain < PROGRESS:
        return {**dict.fromkeys(CURVE), "gain": gain}
    late = points[-max(3, round(0.2 * len(points))) :]
    return {
        "gain": gain,
        "worst_dip": float((np.maximum.accumulate(points) - points).max()) / gain,
        "drop": float(points.max() - points[-3:].mean()) / gain,
        "late_drift": theil_sen(late) * len(late) / gain,
        "backtracking": float(np.maximum(0, -np.diff(points)).sum()) / gain,
    }


def _verdict(figures: dict[str, float | None]) -> tuple[str, str]:
    dip, drift = figures["worst_dip"], figures["late_drift"]
    if dip is None or drift is None:
        return "failed", "no progress"
    if dip > DIP:
        return "unstable", f"lost {dip:.0%} of its gain on the way"
    if drift > DRIFT:
        return "unfinished", f"the last fifth still adds {drift:.0%} of the gain"
    return "settled", "level at the end, no deep dip"


def theil_sen(values: Floats) -> float:
    """Median of the slopes between all pairs of points one apart (Theil, 1950; Sen, 1968)."""
    first, second = np.triu_indices(len(values), k=1)
    return float(np.median((values[second] - values[first]) / (second - first))) if len(first) else 0.0
