from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ablate.metrics import roughness
from ablate.metrics.stability import stability, theil_sen

NONE = np.zeros(0)


def verdict(curve) -> dict:
    return stability(curve, NONE, NONE)


def test_a_curve_that_rises_and_levels_off_has_settled():
    found = verdict([0.1, 0.3, 0.4, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5])
    assert found["verdict"] == "settled"
    assert (found["worst_dip"], found["drop"], found["late_drift"], found["backtracking"]) == (0, 0, 0, 0)
    assert found["gain"] == pytest.approx(0.4)


def test_a_curve_that_loses_a_third_of_its_gain_on_the_way_is_unstable():
    # gain .5 - .2 = .3; from .4 down to .3 is a third of it, and it is regained
    found = verdict([0.2, 0.4, 0.3, 0.5, 0.5, 0.5, 0.5, 0.5])
    assert found["verdict"] == "unstable"
    assert found["worst_dip"] == pytest.approx(1 / 3)
    assert found["drop"] == 0


def test_many_small_dips_add_up_to_backtracking_but_not_to_instability():
    # gain .4; five dips of .04: backtracking .2 / .4 = .5, worst dip .04 / .4 = .1
    found = verdict([0.1, 0.5, 0.46, 0.5, 0.46, 0.5, 0.46, 0.5, 0.46, 0.5, 0.46, 0.5, 0.5, 0.5, 0.5])
    assert found["backtracking"] == pytest.approx(0.5)
    assert found["worst_dip"] == pytest.approx(0.1)
    assert found["verdict"] == "settled"


def test_a_curve_that_ends_below_its_best_has_dropped():
    # gain .4; best .5, the last three average .45: drop .05 / .4
    assert verdict([0.1, 0.5, 0.45, 0.45, 0.45])["drop"] == pytest.approx(0.125)


def test_a_curve_that_still_rises_is_unfinished_not_unstable():
    # ten points .04 apart, gain .36; no dip; the last fifth is taken as 3 points: .04 * 3 / .36 = 1/3
    found = verdict(np.arange(10) * 0.04)
    assert found["verdict"] == "unfinished"
    assert found["late_drift"] == pytest.approx(1 / 3)


def test_instability_is_named_before_what_is_unfinished():
    assert verdict([0, 0.2, 0.0, 0.3, 0.35, 0.4])["verdict"] == "unstable"


def test_a_run_that_gains_less_than_a_point_has_failed():
    found = verdict([0.1, 0.105, 0.1])
    assert (found["verdict"], found["reason"]) == ("failed", "no progress")
    assert found["worst_dip"] is None  # a share of nearly nothing says nothing


@pytest.mark.parametrize("curve", [[0.1, float("nan"), 0.5], [], [0.4]])
def test_a_run_without_a_whole_curve_has_failed(curve):
    assert verdict(curve)["verdict"] == "failed"


def test_a_run_that_was_not_finite_has_failed_whatever_its_curve():
    assert stability([0.1, 0.4, 0.5, 0.5, 0.5], NONE, NONE, finite=False)["verdict"] == "failed"


def test_a_noisy_loss_is_no_unstable_model():
    losses = np.tile(np.repeat([1.0, 0.1, 3.0], 2), 50)  # windows of 6 steps level it out
    losses[::7] += 2.0  # but not this
    found = stability([0.1, 0.4, 0.5, 0.5, 0.5, 0.5], losses, NONE)
    assert found["verdict"] == "settled"
    assert found["loss_backtracking"] > 1


def test_theil_sen_is_the_median_of_all_slopes():
    # slopes of 0, 1, 5: 1, 4 and 5/2: median 2.5; one wild point moves it less than a least-squares line
    assert theil_sen(np.array([0.0, 1.0, 5.0])) == 2.5


def test_loss_backtracking_adds_up_the_rises_of_window_means():
    # 100 steps in 50 windows of two: means fall from 4 to 2, rise to 3, fall to 2: 1 of 2
    means = np.repeat([4.0, 2.0, 3.0, 2.0], [10, 10, 10, 20])
    assert roughness.loss_backtracking(np.repeat(means, 2)) == pytest.approx(0.5)
    assert roughness.loss_backtracking(np.linspace(1, 2, 100)) is None  # it never falls


def test_spikes_are_jumps_out_of_the_recent_losses():
    rng = np.random.default_rng(0)
    losses = np.exp(0.1 * rng.normal(size=450))
    calm = roughness.spikes(losses)
    losses[[100, 300, 400]] *= 10  # log 10 = 2.3 is 23 deviations
    # 450 steps, of which 400 have at least 50 before them
    assert calm == 0
    assert roughness.spikes(losses) == 3 / 400
    assert roughness.spikes(1000 * losses) == 3 / 400
    assert roughness.spikes(losses[:50]) is None
    assert roughness.spikes(-losses) is None


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 1000), st.integers(51, 420))
def test_fast_spikes_are_the_slow_ones(seed: int, steps: int):
    losses = np.exp(np.clip(np.random.default_rng(seed).standard_t(1.5, size=steps), -20, 20))
    logs = np.log(losses).astype(np.float32)
    slow = 0
    for t in range(50, steps):
        window = logs[max(0, t - 200) : t].astype(np.float64)
        middle = np.median(window)
        deviation = 1.4826 * np.median(np.abs(window - middle))
        slow += logs[t] > middle + 7 * deviation
    assert roughness.spikes(losses) == pytest.approx(slow / (steps - 50))


def test_loss_cv_is_the_spread_around_the_moving_average():
    rng = np.random.default_rng(0)
    losses = 2 + 0.4 * rng.normal(size=20_000)
    # sd .4 around 2 is .2; the average itself holds 1 % of the step, which takes about 1 % off
    assert roughness.loss_cv(losses) == pytest.approx(0.2, rel=0.03)
    assert roughness.loss_cv(np.full(300, 0.7)) == pytest.approx(0, abs=1e-12)


def test_gradient_norm_spread_is_the_99th_percentile_over_the_median():
    norms = np.concatenate([np.full(98, 2.0), [50.0, 50.0]])
    # numpy's 99th percentile of 100 values lies at place .99 * 99 = 98.01: among the two 50s
    assert roughness.gradient_norm(norms) == {"p50": 2.0, "p99": 50.0, "ratio": 25.0}
    assert roughness.gradient_norm(NONE)["ratio"] is None


def test_steps_that_are_not_finite_do_not_spoil_the_figures():
    losses = np.concatenate([np.linspace(2, 1, 300), [np.inf, np.nan]])
    found = stability([0.1, 0.5, 0.5], losses, losses, finite=False)
    assert found["verdict"] == "failed"
    assert found["loss_cv"] == pytest.approx(roughness.loss_cv(losses[:300]))
