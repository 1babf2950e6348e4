from __future__ import annotations

import json

import numpy as np
import pytest

from ablate.data.labels import Labels
from ablate.metrics.alarms import Adjustment, budget, decode, top_pairs
from ablate.metrics.counts import Counts
from ablate.metrics.measure import examine, point, validate

WIDTH, TRAIN = 10, 2_000
PRIOR = np.geomspace(0.004, 0.3, WIDTH)
COUNTS = np.round(PRIOR * TRAIN).astype(np.int64)
ALARMS = float(PRIOR.sum())


def drawn(seed: int, documents: int = 250) -> tuple[np.ndarray, Labels]:
    rng = np.random.default_rng(seed)
    truth = rng.random((documents, WIDTH)) < PRIOR
    scores = np.log(PRIOR) + 2.5 * truth + rng.normal(size=truth.shape)
    return scores.astype(np.float32), Labels.from_lists([np.flatnonzero(row) for row in truth], WIDTH)


def measured(factor: float = 1.0, native_cut: float = 0.0):
    (a, validation), (b, test) = drawn(1), drawn(2)
    rule = validate(a * np.float32(factor), validation, PRIOR, ALARMS)
    figures, arrays = examine(
        b * np.float32(factor), test, COUNTS, PRIOR, ALARMS, rule, np.float32(native_cut) * np.float32(factor)
    )
    return rule, figures, arrays


@pytest.mark.parametrize("factor", [3.0, 0.1, 8.0])
def test_multiplying_all_scores_by_a_constant_changes_no_figure(factor: float):
    rule, figures, arrays = measured()
    other_rule, other_figures, other_arrays = measured(factor)
    assert other_figures == figures
    assert other_rule["tau"] == rule["tau"]
    assert other_rule["balanced_recall"] == rule["balanced_recall"]
    assert other_rule["cut"] == pytest.approx(factor * rule["cut"], rel=1e-5)
    assert all(np.array_equal(other_arrays[name], arrays[name], equal_nan=True) for name in arrays)


def test_balanced_recall_is_the_mean_of_macro_and_micro_recall():
    rule, _, _ = measured()
    assert rule["balanced_recall"] == pytest.approx((rule["macro_recall"] + rule["micro_recall"]) / 2)
    one_cut = rule["at_one_cut"]
    assert rule["balanced_recall"] >= (one_cut["macro_recall"] + one_cut["micro_recall"]) / 2


def test_the_validation_cut_raises_the_budget_on_validation_itself():
    scores, labels = drawn(1)
    rule = validate(scores, labels, PRIOR, ALARMS)
    adjusted = Adjustment(rule["tau"], rule["scale"]).apply(scores, PRIOR)
    assert np.count_nonzero(adjusted >= np.float32(rule["cut"])) == budget(len(labels), ALARMS)


def test_the_adjustment_buys_macro_recall_at_equal_alarms():
    _, figures, _ = measured()
    assert figures["at_budget"]["macro_recall"] > figures["at_one_cut"]["macro_recall"] + 0.05
    assert figures["at_budget"]["alarms_per_document"] == figures["at_one_cut"]["alarms_per_document"]


def test_kept_alarms_tell_the_figures_again():
    _, figures, arrays = measured()
    _, test = drawn(2)
    counts = Counts.of_pairs(decode(arrays["alarms"]), test)
    assert counts.macro_recall == figures["at_budget"]["macro_recall"]
    assert counts.true_positives.tolist() == arrays["true_positives_at_budget"].tolist()
    assert counts.alarms.tolist() == arrays["alarms_at_budget"].tolist()


def test_multiples_are_of_the_labels_per_training_document():
    _, figures, _ = measured()
    for name, multiple in (("0.5", 0.5), ("1", 1), ("2", 2), ("5", 5)):
        expected = budget(250, multiple * ALARMS) / 250
        assert figures["at_multiples"][name]["alarms_per_document"] == pytest.approx(expected)
    assert figures["at_multiples"]["1"] == figures["at_budget"]
    recalls = [figures["at_multiples"][m]["micro_recall"] for m in ("0.5", "1", "2", "5")]
    assert recalls == sorted(recalls)


def test_at_half_goes_by_the_models_own_cut():
    (scores, test), cut = drawn(2), -1.5
    _, figures, _ = measured(native_cut=cut)
    alarms = scores > cut
    assert figures["at_half"]["alarms_per_document"] == alarms.sum() / 250
    assert figures["at_half"]["micro_precision"] == pytest.approx(test.dense()[alarms].mean())


def test_predicting_everything_finds_everything_at_half_and_little_at_equal_alarms():
    _, test = drawn(2)
    scores = np.ones((250, WIDTH), np.float32)
    rule = validate(scores, test, PRIOR, ALARMS)
    figures, _ = examine(scores, test, COUNTS, PRIOR, ALARMS, rule)
    assert figures["at_half"]["macro_recall"] == 1.0
    assert figures["at_half"]["alarms_per_document"] == WIDTH
    assert figures["at_budget"]["micro_recall"] < 0.2  # one pair in ten raises an alarm


def test_a_label_without_a_test_positive_is_counted_and_left_out():
    labels = Labels.from_lists([[0], [0, 1], [0]], 3)
    scores = np.array([[3, 0, -2], [3, -2, -1], [3, 0, -3]], dtype=np.float32)
    prior = np.array([0.5, 0.5, 0.5])
    rule = {"tau": 0.0, "scale": 0.0, "cut": 1.0}
    figures, arrays = examine(scores, labels, np.array([500, 50, 5]), prior, 4 / 3, rule)
    # four alarms: three on label 0, the fourth one of the two 0s of label 1, both wrong
    assert figures["at_budget"]["macro_recall"] == 0.5
    assert (figures["labels"], figures["labels_without_test_positive"]) == (2, 1)
    assert (figures["labels_with_1_2_test_positives"], figures["dead_labels"]) == (1, 0.5)
    assert figures["macro_recall_5_plus"] is None
    # label 0: every document precedes rightly, 1; label 1: its only positive comes last of three, 1/3
    assert figures["macro_ap"] == pytest.approx((1 + 1 / 3) / 2)
    assert np.isnan(arrays["average_precision"][2])


def test_figures_are_json_without_nan():
    rule, figures, _ = measured()
    json.dumps([rule, figures], allow_nan=False)


def test_scores_that_are_not_finite_or_of_another_shape_are_refused():
    scores, labels = drawn(1)
    with pytest.raises(ValueError, match="not finite"):
        validate(np.where(scores > 3, np.inf, scores).astype(np.float32), labels, PRIOR, ALARMS)
    with pytest.raises(ValueError, match="scores are"):
        validate(scores[:, :-1], labels, PRIOR, ALARMS)


def test_a_point_of_a_learning_curve_ranks_scores_as_they_are():
    scores, labels = drawn(3)
    counts = Counts.of_pairs(top_pairs(scores, 200), labels)
    assert point(scores, labels, 200) == (counts.macro_recall, counts.micro_recall)


def test_an_adjustment_that_is_given_has_its_own_cut_and_recalls():
    random = np.random.default_rng(3)
    labels = Labels.from_lists([[int(i % 3)] for i in range(30)], 3)
    scores = random.standard_normal((30, 3)).astype(np.float32)
    prior = np.array([0.5, 0.3, 0.2])
    found = validate(scores, labels, prior, 1.0, given=Adjustment(0.0, 0.0))
    assert (found["tau"], found["scale"]) == (0, 0)
    assert (scores >= np.float32(found["cut"])).sum() == 30  # one alarm a document, on the scores as they are
    assert found["macro_recall"] == found["at_one_cut"]["macro_recall"]
    assert found["balanced_recall"] == pytest.approx((found["macro_recall"] + found["micro_recall"]) / 2)
