from __future__ import annotations

import numpy as np
import pytest
from planted_studies import LABELS, labels, scores
from scipy import stats

from ablate.data.labels import Labels
from ablate.metrics.alarms import top_pairs
from ablate.results.simultaneous import simultaneous
from ablate.results.statistics import (
    Resampler,
    Sample,
    deviation,
    hierarchical,
    interval,
    paired,
    smallest_detectable,
)
from ablate.results.wilson import wilson


def sample(values, spread: float = 0.0, draws: int = 500, seed: int = 0) -> Sample:
    """Runs with these values whose documents add a shared deviation."""
    values = np.array(values, dtype=np.float64)
    noise = spread * np.random.default_rng(seed).normal(size=draws)
    return Sample(tuple(range(len(values))), values, values[:, None] + noise)


def test_draws_average_out_at_the_recall_of_the_alarm_set():
    truth = labels(1)
    alarms = top_pairs(scores(truth, 3.0, 0), 400)
    macro, micro = Resampler(truth).recalls(alarms)
    hits = np.isin(truth.rows * LABELS + truth.indices, alarms)
    assert micro.mean() == pytest.approx(hits.mean(), abs=0.005)
    recall = np.bincount(truth.indices, hits, LABELS) / truth.counts()
    assert macro.mean() == pytest.approx(recall.mean(), abs=0.01)


def test_micro_draws_spread_like_a_share_of_independent_pairs():
    # every document has one label, so hits are coin flips of documents: sd sqrt(.3 * .7 / 400) = .0229
    truth = Labels.from_lists([[i % 4] for i in range(400)], 4)
    hit = np.flatnonzero(np.random.default_rng(0).random(400) < 0.3)
    _, micro = Resampler(truth, draws=4000).recalls(hit * 4 + hit % 4)
    share = len(hit) / 400
    assert micro.std() == pytest.approx(np.sqrt(share * (1 - share) / 400), rel=0.05)


def test_labels_with_one_positive_are_not_taken_for_certain():
    # 40 labels, each on one document of its own: recall is 0 or 1 each, so the mean has sd sqrt(p (1 - p) / 40)
    truth = Labels.from_lists([[i] for i in range(40)], 40)
    hit = np.arange(0, 40, 2)
    macro, _ = Resampler(truth, draws=2000).recalls(hit * 40 + hit)
    assert macro.mean() == pytest.approx(0.5, abs=0.01)
    assert macro.std() == pytest.approx(np.sqrt(0.25 / 40), rel=0.25)


def test_many_documents_are_drawn_in_groups_with_the_same_spread(monkeypatch):
    truth = Labels.from_lists([[i % 3] for i in range(3000)], 3)
    hit = np.flatnonzero(np.random.default_rng(1).random(3000) < 0.5)
    alarms = hit * 3 + hit % 3
    whole = Resampler(truth, draws=1500).recalls(alarms)[1].std()
    monkeypatch.setattr("ablate.results.statistics.UNITS", 500)
    assert Resampler(truth, draws=1500).recalls(alarms)[1].std() == pytest.approx(whole, rel=0.12)


def test_two_alarm_sets_share_their_documents():
    truth = labels(1)
    resampler = Resampler(truth)
    a = resampler.recalls(top_pairs(scores(truth, 3.0, 0), 400))[0]
    b = resampler.recalls(top_pairs(scores(truth, 3.1, 0), 400))[0]
    assert (a - b).std() < 0.3 * a.std()


def test_seeds_that_differ_widely_give_the_t_interval():
    # mean .5, sd .1 over 4 seeds: t(3) = 3.182; half .1 / 2 * 3.182 = .159
    values = 0.5 + 0.1 * np.array([-1, 1, -1, 1]) * np.sqrt(3 / 4)
    found = interval(sample(values, spread=0.001))
    assert found.mean == pytest.approx(0.5)
    assert (found.low, found.high) == (pytest.approx(0.341, abs=0.001), pytest.approx(0.659, abs=0.001))


def test_documents_that_differ_widely_give_the_bootstrap_interval():
    found = interval(sample([0.5, 0.5, 0.5], spread=0.05, draws=4000))
    assert found.high - found.low == pytest.approx(2 * 1.96 * 0.05, rel=0.06)


def test_a_single_run_has_an_interval_for_documents_only():
    found = interval(sample([0.5], spread=0.05, draws=4000))
    assert found.high - found.low == pytest.approx(2 * 1.96 * 0.05, rel=0.06)


def test_pairing_by_seed_takes_the_noise_that_both_share_away():
    shared = np.array([0.0, 0.1, -0.1, 0.05])
    delta = paired(sample(0.52 + shared, spread=0.03), sample(0.5 + shared, spread=0.03))
    found = interval(delta)
    assert (found.mean, found.low, found.high) == tuple(pytest.approx(0.02) for _ in range(3))


def test_pairing_uses_the_seeds_that_both_have():
    a = Sample((1, 2, 3), np.array([0.5, 0.6, 0.9]), np.zeros((3, 10)))
    b = Sample((0, 2, 1), np.array([0.0, 0.3, 0.4]), np.zeros((3, 10)))
    found = paired(a, b)
    assert found.seeds == (1, 2)
    assert found.values.tolist() == pytest.approx([0.1, 0.3])  # .5 - .4 and .6 - .3
    assert paired(a, Sample((7,), np.array([0.1]), np.zeros((1, 10)))) is None


def test_a_control_without_seeds_is_set_against_every_seed():
    control = Sample((0,), np.array([0.2]), np.full((1, 10), 0.2), seedless=True)
    runs = Sample((0, 1, 2), np.array([0.5, 0.6, 0.7]), np.full((3, 10), 0.6))
    assert paired(runs, control).values.tolist() == pytest.approx([0.3, 0.4, 0.5])
    assert paired(control, runs).values.tolist() == pytest.approx([-0.3, -0.4, -0.5])


def test_the_smallest_detectable_difference_shrinks_with_runs():
    few, many = (smallest_detectable(sample(np.tile([0.0, 0.02], n))) for n in (2, 10))
    # sd .01155 over 4 runs: (t.975 + t.8)(3) = 3.182 + .978 = 4.16, times .01155 / 2 = .0240
    assert few == pytest.approx(0.0240, abs=0.0002)
    assert many < few / 2


def test_standard_errors_tell_seeds_from_documents():
    seeds, documents = deviation(sample([0.4, 0.6], spread=0.05, draws=5000))
    assert seeds == pytest.approx(0.1)  # sd .1414 over the root of 2
    assert documents == pytest.approx(0.05, rel=0.05)


def test_hierarchical_draws_are_centred_on_the_mean_over_seeds():
    runs = sample([0.1, 0.5, 0.6], spread=0.02)
    assert hierarchical(runs).mean() == pytest.approx(0.4)


def test_wilson_interval_by_hand():
    # 5 of 5: centre (1 + 3.8415 / 10) / (1 + 3.8415 / 5), low = 5 / (5 + 3.8415) = .5655
    low, high = wilson([5, 0, 0], [5, 10, 0])
    assert (low[0], high[0]) == (pytest.approx(0.5655, abs=1e-4), 1.0)
    assert (low[1], high[1]) == (0.0, pytest.approx(3.8415 / 13.8415, abs=1e-4))
    assert np.isnan(low[2])


def test_one_difference_alone_has_about_its_t_interval():
    values = [0.01, 0.03, 0.02, 0.04, 0.02]
    found = simultaneous([sample(values)])[0]
    half = stats.t.ppf(0.975, 4) * np.std(values, ddof=1) / np.sqrt(5)
    assert found.high - found.mean == pytest.approx(half, rel=0.05)


def test_intervals_for_a_whole_board_are_wider_than_for_one_row():
    rng = np.random.default_rng(0)
    rows = [sample(rng.normal(size=5) * 0.01, spread=0.005, seed=i) for i in range(12)]
    together = simultaneous(rows)
    alone = [simultaneous([row])[0] for row in rows]
    assert np.mean([i.high - i.low for i in together]) > np.mean([i.high - i.low for i in alone])


def test_a_row_equal_to_the_baseline_in_every_run_is_no_win():
    rows = [sample(np.zeros(5)), sample([0.05, 0.06, 0.05, 0.06, 0.05], spread=0.001), sample(np.zeros(5), spread=0.01)]
    equal, better, _ = simultaneous(rows)
    assert (equal.low, equal.high) == (0.0, 0.0)
    assert better.low > 0
    assert simultaneous([]) == []
