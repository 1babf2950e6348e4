from __future__ import annotations

from itertools import combinations
from statistics import fmean

import numpy as np
import pytest
from planted_studies import body, study, tuned

from ablate.results.board import board
from ablate.results.record import Records
from ablate.results.trials import DRAWN, drawn, expected_best, pruned


def test_by_hand():
    # of two: mean 3, best 4; of three from 1, 2, 6: mean 3, pairs 2, 6, 6
    assert expected_best([4.0, 2.0]) == [3.0, 4.0]
    assert expected_best([6.0, 1.0, 2.0]) == pytest.approx([3.0, 14 / 3, 6.0])
    assert expected_best([]) == []


def test_it_is_the_mean_of_the_best_over_all_sets():
    scores = [*np.random.default_rng(0).random(7), 0.3, 0.3]
    slow = [fmean(max(some) for some in combinations(scores, k)) for k in range(1, 10)]
    assert expected_best(scores) == pytest.approx(slow)


def test_of_independent_scores_it_has_no_bias_where_the_plug_in_estimate_has_one():
    # uniform scores: the best of k is k / (k + 1)
    rng = np.random.default_rng(1)
    mean = np.mean([expected_best(list(rng.random(8))) for _ in range(4000)], axis=0)
    assert mean == pytest.approx([k / (k + 1) for k in range(1, 9)], abs=0.01)


def test_only_the_shared_draws_count():
    found = [
        tuned("a", 0, 0.9),  # the defaults
        tuned("a", 2, 0.5),
        tuned("a", 1, 0.4),
        tuned("a", 9, 0.99),  # proposed from results
        body("a", "tune", 1001, validation={"balanced_recall": 0.95}),  # a rescoring
        tuned("a", 5, 0.0, status="pruned", curve={"balanced": [0.1, 0.3, None, 0.2]}),
        tuned("a", 6, 0.0, status="failed", curve={"balanced": [0.7]}),
    ]
    found.append(tuned("a", 10, 0.0, status="pruned"))  # of no concern: no part of the design
    assert drawn(found) == [0.4, 0.5, 0.3, 0.0]
    assert pruned(found) == 1


def test_the_draws_are_those_that_studies_make():
    from ablate.study.propose import DESIGN

    assert list(DRAWN) == list(range(1, DESIGN + 1))


def test_a_row_says_what_k_trials_are_worth(store: Records):
    study(store, {"baseline": 3.0, "focal": 3.0})
    for trial, score in enumerate([0.5, 0.2, 0.6]):
        store.write(tuned("focal", trial, score, scale=1.0 + trial))
    store.write(tuned("focal", 3, 0.0, status="pruned", curve={"steps": [0, 8], "balanced": [0.1, 0.4]}, scale=5.0))
    by_name = {row["strategy"]: row for row in board(store.all(), store, {}, draws=50)["rows"]}
    assert by_name["focal"]["expected_best"] == pytest.approx([0.4, (0.4 + 0.6 + 0.6) / 3, 0.6])
    assert by_name["focal"]["draws_pruned"] == 1
    assert by_name["baseline"]["expected_best"] is None
