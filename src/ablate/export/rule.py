"""The deployed rule of a run as one cut per label."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ablate.metrics.alarms import Adjustment
from ablate.metrics.cuts import Scores

ROUNDING = np.float32(2.0**-20)
"""More than float32 can be off in two operations, as a share of the numbers' size."""
HALVINGS = 64


def cuts(validation: Mapping[str, Any], prior: NDArray[np.float64]) -> Scores:
    """The lowest score of each label that raises an alarm as deployed, float32 [L].

    ``validation`` holds ``tau``, ``scale`` and ``cut`` as :func:`~ablate.metrics.measure.validate` chose them. That
    rule compares score - offset with its cut in float32, where the difference is rounded: the lowest score that
    passes is found by halving around cut + offset, so that both rules raise the same pairs.
    """
    adjustment, cut = Adjustment(validation["tau"], validation["scale"]), np.float32(validation["cut"])
    offsets = adjustment.shift(prior)
    if offsets is None:
        return np.full(len(prior), cut, np.float32)
    rounding = ROUNDING * (np.abs(offsets) + np.abs(cut)) + np.float32(1e-30)
    fails, passes = cut + offsets - rounding, cut + offsets + rounding
    for _ in range(HALVINGS):
        middle = (fails + passes) / np.float32(2)
        enough = middle - offsets >= cut
        fails, passes = np.where(enough, fails, middle), np.where(enough, middle, passes)
    return np.asarray(passes, np.float32)
