"""Decision rules: each on a few scores that can be read."""

import math

import numpy as np
import pytest
import torch

from ablate.components.decision import LabelCuts, NativeCut, OneCut, PrecisionFloor, TopLabels, best_f1
from ablate.components.loss import Softmax
from ablate.data.labels import Labels
from ablate.factors import Decision, Loss
from ablate.rules import TopRule
from ablate.stats import LabelStats

#: Three labels on 10 training documents, one label per document on average.
STATS = LabelStats(torch.tensor([6.0, 3.0, 1.0]), 10)


def scores(*rows):
    return np.array(rows, dtype=np.float32)


VALIDATION = scores([3.0, -1, -4], [2.0, 1, -3], [-1.0, 2, -2], [-2.0, -3, 0])
TRUTH = Labels.from_lists([[0], [0], [1], [2]], 3)


def test_the_native_cut_is_where_the_probability_exceeds_one_half():
    rule = NativeCut().for_loss(Loss()).fit(VALIDATION, TRUTH, STATS)
    assert rule(scores([0.0, 1e-6, -1e-6])).tolist() == [[False, True, False]]


def test_the_native_cut_of_log_probabilities_is_log_one_half():
    rule = NativeCut().for_loss(Softmax()).fit(VALIDATION, TRUTH, STATS)
    assert rule(scores([math.log(0.51), math.log(0.49), -9.0])).tolist() == [[True, False, False]]


def test_one_cut_raises_as_many_alarms_as_there_are_labels():
    # four documents, one label each: the four highest scores, 3, 2, 2 and 1
    rule = OneCut().fit(VALIDATION, TRUTH, STATS)
    assert rule(VALIDATION).sum() == 4
    assert rule(scores([1.0, 0.9, 1.0])).tolist() == [[True, False, True]]


def test_top_labels_are_those_of_the_highest_scores_of_each_document():
    rule = TopLabels().fit(VALIDATION, TRUTH, STATS)
    assert rule == TopRule(1)
    assert rule(scores([1.0, 3, 2], [0.0, 0, -1])).tolist() == [[False, True, False], [True, False, False]]


def test_at_least_one_label_is_raised_per_document():
    assert TopLabels().fit(VALIDATION, TRUTH, LabelStats(torch.tensor([1.0, 1.0, 1.0]), 100)) == TopRule(1)


def test_a_floor_of_precision_takes_the_lowest_cut_that_keeps_it():
    # by score: 3 right, 2 right, 2 right (tied), 1 wrong, 0 right: 3/3, then 3/4, then 4/5
    at = {floor: PrecisionFloor(floor).fit(VALIDATION, TRUTH, STATS)(VALIDATION).sum() for floor in (0.75, 0.8, 0.9)}
    assert at == {0.75: 5, 0.8: 5, 0.9: 3}


def test_a_floor_that_cannot_be_kept_gives_the_cut_of_most_precision():
    # by score: 3 wrong, 2 wrong, 1 right, 0 right: with two positives more than 2/.6 = 3 alarms cannot keep .6,
    # and the first three have a precision of 0, 0 and 1/3
    rule = PrecisionFloor(0.6).fit(scores([3.0, 1], [2.0, 0]), Labels.from_lists([[1], [1]], 2), STATS)
    assert rule(scores([3.0, 1], [2.0, 0])).sum() == 3


def test_alarms_of_one_score_come_together_however_many_may_be_right():
    # one positive, so one alarm could keep a floor of .9; it has the score of two others
    tied = scores([1.0, 1], [1.0, 0])
    rule = PrecisionFloor(0.9).fit(tied, Labels.from_lists([[1], []], 2), STATS)
    assert rule(tied).sum() == 3


def test_the_best_f1_is_found_among_the_scores():
    # alarms 1..4 hit 1, 1, 2, 2 of 2: F1 2/3, 2/4, 4/5, 4/6
    assert best_f1(np.array([4.0, 3, 2, 1], np.float32), np.array([0, 2])) == 2.0


def test_tied_scores_are_raised_together():
    # one alarm of 4 would be right, but the two tied documents come together: F1 2/(2 + 1), then 2/(3 + 1)
    assert best_f1(np.array([4.0, 4, 1], np.float32), np.array([0])) == 4.0
    assert best_f1(np.array([1.0, 4, 4], np.float32), np.array([0])) in (1.0, 4.0)


def label_world(positives):
    """Forty documents, one label of this many positives that score above 5, the others below -5."""
    random = np.random.default_rng(0)
    own = np.where(np.arange(40) < positives, 5.0, -5.0) + random.random(40)
    rows = [[0] if n < positives else [1] for n in range(40)]
    stats = LabelStats(torch.tensor([float(positives), 40.0 - positives]), 40)
    return np.stack([own, -own], 1).astype(np.float32), Labels.from_lists(rows, 2), stats


@pytest.mark.parametrize(("positives", "share"), [(20, 1.0), (10, 0.5), (1, 0.05)])
def test_a_label_has_its_own_cut_by_its_share_of_twenty_positives(positives, share):
    values, labels, stats = label_world(positives)
    common = Decision().fit(values, labels, stats).cuts[0]
    own = best_f1(values[:, 0], np.arange(positives))
    found = LabelCuts().fit(values, labels, stats).cuts[0]
    assert found == pytest.approx(share * own + (1 - share) * common)
    assert own >= 5


def test_a_label_without_a_validation_positive_keeps_the_common_cut():
    values, _, stats = label_world(20)
    labels = Labels.from_lists([[1]] * 40, 2)
    assert LabelCuts().fit(values, labels, stats).cuts[0] == Decision().fit(values, labels, stats).cuts[0]


@pytest.mark.parametrize(
    "decision", [NativeCut(), OneCut(), Decision(), LabelCuts(), TopLabels(), PrecisionFloor()], ids=repr
)
def test_no_rule_fails_where_validation_has_no_positive(decision):
    rule = decision.fit(VALIDATION, Labels.from_lists([[]] * 4, 3), STATS)
    assert rule(VALIDATION).shape == VALIDATION.shape
