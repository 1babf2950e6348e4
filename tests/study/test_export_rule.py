"""The cuts that are deployed raise the pairs that the run's rule raises."""

from __future__ import annotations

import numpy as np
import pytest

from ablate.export.rule import cuts
from ablate.metrics.alarms import Adjustment


@pytest.mark.parametrize(
    ("tau", "scale", "cut"), [(0.0, 1.0, -1.25), (1.0, 1.7, 3.1), (-0.35, 0.4, -2.0), (3.0, 2.0, 9.7)]
)
def test_no_pair_near_the_cut_is_told_apart(tau, scale, cut):
    random = np.random.default_rng(1)
    prior = np.exp(-random.uniform(0.1, 12, 200))
    adjustment = Adjustment(tau, scale)
    offsets = adjustment.offsets(prior)
    found = cuts({"tau": tau, "scale": scale, "cut": cut}, prior)
    near = (np.float32(cut) + offsets)[None] + random.integers(-8, 9, (400, 200)) * np.spacing(np.abs(offsets) + 4)
    wide = random.normal(0, 10, (400, 200))
    scores = np.concatenate([near, wide, found[None], np.nextafter(found, np.float32(-np.inf))[None]])
    scores = scores.astype(np.float32)
    deployed = adjustment.apply(scores, prior) >= np.float32(cut)
    assert 0.05 < deployed.mean() < 0.95
    np.testing.assert_array_equal(scores >= found, deployed)


def test_a_cut_at_zero_is_found():
    prior = np.array([np.exp(-5.0), 0.5])
    offsets = Adjustment(1.0, 1.0).offsets(prior)
    found = cuts({"tau": 1.0, "scale": 1.0, "cut": float(-offsets[0])}, prior)
    assert abs(found[0]) < 1e-5
    assert found[0] - offsets[0] >= -offsets[0]
