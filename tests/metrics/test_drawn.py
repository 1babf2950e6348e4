"""Recall on documents drawn given a label, at the cut of the test documents."""

import numpy as np
import pytest

from ablate.data.labels import Labels
from ablate.metrics.drawn import Cut, cuts, drawn
from ablate.metrics.measure import examine

PRIOR = np.array([0.5, 0.1])
RULE = {"tau": 0.0, "scale": 0.0, "cut": 0.0}
COUNTS = np.array([50, 5])


def test_each_label_is_judged_on_its_own_documents_at_the_cut_of_the_others():
    # four documents for label 0, of which three reach the cut of 1; two for label 1, of which none does:
    # macro recall is the mean of 3/4 and 0. At one half, above 0, all four and one of two are found.
    scores = np.array([[2, 9], [1.5, 9], [1, 9], [0.5, 9], [9, 0.5], [9, -1]], np.float32)
    label = np.array([0, 0, 0, 0, 1, 1])
    cut = Cut(1.0, 1.0)
    figures, arrays = drawn(scores, label, COUNTS, PRIOR, RULE, {"at_budget": cut, "at_one_cut": cut})
    assert figures["at_budget"]["macro_recall"] == pytest.approx(3 / 8)
    assert figures["at_half"]["macro_recall"] == pytest.approx((1 + 1 / 2) / 2)
    assert arrays["drawn_found_at_budget"].tolist() == [3, 0]
    assert arrays["drawn_documents"].tolist() == [4, 2]
    assert figures["documents_per_label"] == 2
    assert (figures["buckets"]["few"], figures["buckets"]["rare"]) == (0.75, 0.0)
    assert figures["buckets"]["head"] is None


def test_scores_are_adjusted_as_the_rule_says():
    # tau 1 and scale 1 lift label 1 by log 10 = 2.303 and label 0 by log 2 = .693
    scores = np.array([[0.0, 0.0], [0.0, 0.0]], np.float32)
    cut = Cut(1.0, 1.0)
    rule = {"tau": 1.0, "scale": 1.0, "cut": 0.0}
    found = drawn(scores, np.array([0, 1]), COUNTS, PRIOR, rule, {"at_budget": cut, "at_one_cut": cut})[1]
    assert found["drawn_found_at_budget"].tolist() == [0, 1]
    assert found["drawn_found_at_one_cut"].tolist() == [0, 0]


def test_a_model_that_scores_everything_alike_finds_no_more_than_its_alarms_allow():
    labels = Labels.from_lists([[0], [1], [0], []], 2)
    test = np.ones((4, 2), np.float32)
    _, arrays = examine(test, labels, COUNTS, PRIOR, 0.5, RULE)  # 2 alarms on 8 equal pairs
    at = cuts(test, len(arrays["alarms"]), PRIOR, RULE)
    found, _ = drawn(np.ones((6, 2), np.float32), np.array([0, 0, 0, 1, 1, 1]), COUNTS, PRIOR, RULE, at)
    assert found["at_budget"]["macro_recall"] == pytest.approx(2 / 8)


def test_the_cut_of_the_test_documents_raises_as_many_alarms_as_the_budget():
    random = np.random.default_rng(0)
    scores = random.standard_normal((40, 2)).round(1).astype(np.float32)
    rule = {"tau": 0.5, "scale": 1.0, "cut": 0.0}
    adjusted = scores - np.float32(0.5) * np.log(PRIOR).astype(np.float32)
    cut = cuts(scores, 12, PRIOR, rule)["at_budget"]
    lowest = np.float32(cut.score)
    assert (adjusted > lowest).sum() + cut.share * (adjusted == lowest).sum() == pytest.approx(12)
    assert (adjusted == lowest).sum() > 1  # or the share would be no test
