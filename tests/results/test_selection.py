from __future__ import annotations

import itertools

from planted_studies import tuned

from ablate.results.selection import selected, top


def scale(choice) -> float:
    return choice.parameters["optimizer.scale"]


def test_one_seed_each_means_the_best_of_them():
    bodies = [tuned("focal", t, score, scale=t + 1.0) for t, score in enumerate([0.4, 0.6, 0.5])]
    choice = selected(bodies)
    assert (scale(choice), choice.mean) == (2.0, 0.6)
    assert choice.strategy == bodies[1]["identity"]["strategy"]


def test_a_lucky_single_seed_does_not_beat_a_mean_over_three():
    lucky = [tuned("focal", 0, 0.9, scale=9.0)]
    steady = [tuned("focal", 1, s, seed=1000 + i, scale=2.0) for i, s in enumerate([0.6, 0.7, 0.8])]
    lower = [tuned("focal", 2, s, seed=1000 + i, scale=3.0) for i, s in enumerate([0.8, 0.6, 0.6])]
    choice = selected(lucky + steady + lower)
    assert scale(choice) == 2.0  # .7 against .667
    assert abs(choice.mean - 0.7) < 1e-12


def test_equal_means_go_to_the_earliest_trial_whatever_the_order_of_records():
    bodies = [tuned("focal", t, 0.5, scale=10.0 - t) for t in (3, 1, 2)]
    assert {scale(selected(order)) for order in itertools.permutations(bodies)} == {9.0}


def test_pruned_and_failed_trials_are_never_selected():
    bodies = [
        tuned("focal", 0, 0.9, scale=1.0, status="pruned"),
        tuned("focal", 1, 0.8, scale=2.0, status="failed"),
        tuned("focal", 2, 0.3, scale=3.0),
    ]
    assert scale(selected(bodies)) == 3.0
    assert selected(bodies[:2]) is None
    assert selected([]) is None


def test_a_trial_repeated_by_chance_is_one_configuration():
    bodies = [tuned("focal", 4, 0.5, scale=1.0), tuned("focal", 7, 0.6, seed=1001, scale=1.0)]
    assert abs(selected(bodies).mean - 0.55) < 1e-12


def test_the_best_three_go_by_the_first_tuning_seed_alone():
    bodies = [tuned("focal", t, s, scale=t + 1.0) for t, s in enumerate([0.1, 0.4, 0.3, 0.4, 0.2])]
    bodies.append(tuned("focal", 0, 0.99, seed=1001, scale=1.0))
    assert [scale(c) for c in top(bodies)] == [2.0, 4.0, 3.0]  # .4 (trial 1), .4 (trial 3), .3
    assert [c.mean for c in top(bodies, 2)] == [0.4, 0.4]
