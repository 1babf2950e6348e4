"""Audits whose answers are worked out by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from score_files import NAMES, frame, truth

from ablate.results import audit

SHARES = (0.4, 0.1, 0.02)  # of 1,000 documents on each side: 400, 100 and 20 cases, .52 labels per document
TITLES = ("one cut for all", "prior-adjusted", "own cut")
EVERY = ("one cut", "prior-adjusted cut", "own cut per label")


def recalls(found, rule: str) -> tuple[float, float]:
    figures = found.figures["rules"][rule]
    return figures["macro_recall"], figures["micro_recall"]


def deployed(found) -> tuple[float, float]:
    return recalls(found, found.figures["deployed"]["rule"])


def noisy(seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Scores of a middling model, which is calibrated in order only."""
    y = truth(2000, SHARES, seed)
    log_odds = np.log(np.array(SHARES) / (1 - np.array(SHARES)))
    return np.random.default_rng(seed + 1).normal(size=y.shape) + 2.5 * y + log_odds - 1, y


def test_a_perfect_model_misses_nothing_and_gains_nothing():
    y = truth(2000, SHARES)
    found = audit(frame(np.where(y, 3.0, -3.0), y))
    for rule in ("at_half", *EVERY, "as_deployed"):
        assert recalls(found, rule) == (1.0, 1.0), rule
        # 520 alarms on 1,000 test documents
        assert found.figures["rules"][rule]["alarms_per_document"] == pytest.approx(0.52)
    gain = found.figures["over_half"]["macro_recall"]
    assert (gain["mean"], gain["low"], gain["high"]) == (0, 0, 0)
    assert set(found.labels["verdict"]) == {"reachable"}
    assert "No label with enough cases is beyond the help of a cut." in str(found)


def test_a_random_model_finds_the_share_that_it_may_alarm_on_and_no_label_is_told_from_chance():
    names = tuple(f"l{j:02d}" for j in range(40))
    y = truth(4000, (0.05,) * 40)
    found = audit(frame(np.random.default_rng(3).normal(size=y.shape), y, names))
    # 40 x 5 % = 2 alarms per document on 40 labels: each pair has chance 2 / 40 = .05. There are 40 x 100 positives
    # of test, so the standard error is sqrt(.05 x .95 / 4000) = .0034
    for rule in EVERY:
        assert recalls(found, rule) == pytest.approx((0.05, 0.05), abs=4 * 0.0034), rule
    # at 0.5 half of all pairs are raised: 20 alarms per document, standard error of recall sqrt(.25 / 4000) = .008
    assert recalls(found, "at_half") == pytest.approx((0.5, 0.5), abs=4 * 0.008)
    assert found.figures["rules"]["at_half"]["alarms_per_document"] == pytest.approx(20, abs=0.1)
    assert found.figures["over_half"]["macro_recall"]["mean"] < 0
    assert "It is negative" in str(found)
    # the test lets 5 % of useless labels pass; of 40, more than 7 do so in 2 of 1,000 draws
    assert found.figures["verdicts"]["no better than chance"] >= 33
    assert found.labels["auc"].between(0.4, 0.6).all()


@pytest.mark.parametrize(("score", "at_half", "alarms"), [(-1.0, 0.0, 0.0), (1.0, 1.0, 3.0)])
def test_a_constant_model_finds_all_or_nothing_at_one_half(score: float, at_half: float, alarms: float):
    y = truth(2000, SHARES)
    found = audit(frame(np.full(y.shape, score), y))
    assert recalls(found, "at_half") == (at_half, at_half)
    assert found.figures["rules"]["at_half"]["alarms_per_document"] == alarms
    # 520 of 3,000 equal pairs are drawn: micro recall .1733, standard error sqrt(.1733 x .8267 / 520) = .017
    assert recalls(found, "one cut")[1] == pytest.approx(520 / 3000, abs=4 * 0.017)
    assert set(found.labels["verdict"]) == {"no better than chance"}
    assert found.labels["auc"].tolist() == [0.5, 0.5, 0.5]
    # average precision of a constant is the share of cases
    assert found.labels["average_precision"].tolist() == pytest.approx(SHARES)


def test_a_shift_of_each_label_loses_nothing_under_the_cuts_of_the_audit():
    y = truth(2000, SHARES)
    shifted = np.where(y, 3.0, -3.0) + np.array([5.0, 40.0, -20.0])
    found = audit(frame(shifted, y))
    # at 0.5 (logit 0) the last label is never raised, the other two always: recall 1, 1, 0; micro 500 / 520
    assert recalls(found, "at_half") == pytest.approx((2 / 3, 500 / 520))
    assert found.figures["rules"]["at_half"]["alarms_per_document"] == 2.0
    # one cut takes the second label's cases and 420 of its others
    assert recalls(found, "one cut") == pytest.approx((1 / 3, 100 / 520))
    assert found.figures["deployed"]["rule"] == "own cut per label"
    assert deployed(found) == recalls(found, "as_deployed") == (1.0, 1.0)
    assert found.figures["over_half"]["macro_recall"]["mean"] == pytest.approx(1 / 3)


def test_a_shift_of_each_label_changes_no_alarm_of_the_centred_rule():
    scores, y = noisy()
    # multiples of 1/64 keep every score exact in single precision
    rounded = np.round(scores * 64) / 64
    plain, shifted = audit(frame(rounded, y)), audit(frame(rounded + np.array([-2.0, 8.0, 0.5]), y))
    assert recalls(plain, "own cut per label") == recalls(shifted, "own cut per label")


@pytest.mark.parametrize("factor", [4.0, 0.125, 3.7])
def test_multiplying_scores_by_a_constant_changes_nothing_but_the_cuts(factor: float):
    scores, y = noisy()
    one, other = audit(frame(scores, y)), audit(frame(factor * scores, y))
    assert one.figures["rules"] == other.figures["rules"]
    assert one.figures["over_half"] == other.figures["over_half"]
    assert one.labels["verdict"].tolist() == other.labels["verdict"].tolist()
    np.testing.assert_allclose(other.labels["cut"], factor * one.labels["cut"], rtol=1e-4, atol=1e-4)


def test_probabilities_say_the_same_as_their_logits_and_get_cuts_in_probabilities():
    scores, y = noisy()
    logits = audit(frame(scores, y))
    probabilities = audit(frame(1 / (1 + np.exp(-scores)), y))
    assert probabilities.figures["scale"] == "probabilities"
    assert logits.figures["scale"] == "logits"
    assert logits.figures["rules"] == probabilities.figures["rules"]
    expected = 1 / (1 + np.exp(-logits.labels["cut"]))
    np.testing.assert_allclose(probabilities.labels["cut"], expected, rtol=1e-4)


def test_rounded_probabilities_keep_their_order_and_stay_finite():
    scores, y = noisy()
    rounded = np.round(1 / (1 + np.exp(-3 * scores)), 2)
    assert (rounded == 0).any()
    assert (rounded == 1).any()
    found = audit(frame(rounded, y))
    assert found.labels["cut"].between(0, 1, inclusive="neither").all()
    # the numbers taken as they are rank documents of a label the same way, ties included
    as_given = audit(frame(rounded, y), scale="logits")
    pd.testing.assert_series_equal(found.labels["auc"], as_given.labels["auc"])
    pd.testing.assert_series_equal(found.labels["reach"], as_given.labels["reach"])


def test_the_scale_can_be_told():
    scores, y = noisy()
    probabilities = 1 / (1 + np.exp(-scores))
    found = audit(frame(probabilities, y), scale="logits")
    # as logits all are above 0, so everything is raised
    assert recalls(found, "at_half") == (1.0, 1.0)
    assert found.figures["rules"]["at_half"]["alarms_per_document"] == 3.0


@pytest.mark.parametrize("scale", ["logits", "probabilities"])
@pytest.mark.parametrize("shift", [0.0, 6.0])
def test_the_cuts_raise_the_alarms_that_the_audit_counts(scale: str, shift: float):
    scores, y = noisy()
    scores = scores + shift * np.array([1.0, 0.0, -1.0])
    given = scores if scale == "logits" else 1 / (1 + np.exp(-scores))
    found = audit(frame(given, y))
    cuts = np.array([found.cuts["cuts"][name] for name in NAMES])
    raised = given[1000:] >= cuts
    figures = found.figures["rules"]["as_deployed"]
    assert raised.sum() / 1000 == figures["alarms_per_document"] == found.cuts["alarms_per_document"]["on_test"]
    recall = [(raised[:, j] & y[1000:, j]).sum() / y[1000:, j].sum() for j in range(3)]
    assert np.mean(recall) == pytest.approx(figures["macro_recall"])
    # K pairs reach the cut on validation: .52 x 1,000
    assert (given[:1000] >= cuts).sum() == 520
    assert found.cuts["scale"] == scale


def test_every_rule_at_budget_raises_as_many_alarms():
    scores, y = noisy()
    found = audit(frame(scores, y), alarms_per_document=0.3)
    for rule in EVERY:
        assert found.figures["rules"][rule]["alarms_per_document"] == 0.3


def test_given_counts_set_the_budget_and_leave_untrained_labels_out():
    scores, y = noisy()
    counts = {"a": 3000, "b": 1500, "c": 0}
    found = audit(frame(scores, y), counts=counts, documents=9000)
    # (3000 + 1500) / 9000
    assert found.figures["alarms_per_document"] == 0.5
    assert found.labels["label"].tolist() == ["a", "b"]
    assert found.labels["training_positives"].tolist() == [3000, 1500]
    assert any("left out: c" in note for note in found.notes)
    assert found.figures["buckets"]["medium"]["labels"] == 2


def test_counts_without_their_documents_take_labels_per_document_from_validation():
    scores, y = noisy()
    found = audit(frame(scores, y), counts={"a": 800, "b": 200, "c": 40})
    # 1,040 positives at .52 per document are 2,000 documents
    assert found.figures["alarms_per_document"] == pytest.approx(0.52)


def test_rows_marked_train_give_the_counts_and_their_scores_are_not_read():
    scores, y = noisy()
    table = frame(scores, y)
    train = pd.DataFrame({"labels": [["a"], ["a", "b"], ["c"], []], "split": "train"})
    found = audit(pd.concat([train, table], ignore_index=True))
    # 4 labels on 4 documents
    assert found.figures["alarms_per_document"] == 1.0
    assert found.labels["training_positives"].tolist() == [2, 1, 1]
    assert found.figures["documents"] == {"validation": 1000, "test": 1000}


def test_lists_of_scores_say_the_same_as_columns():
    scores, y = noisy()
    columns = frame(scores, y)
    lists = columns[["labels", "split"]].assign(scores=list(scores))
    assert audit(lists, label_names=NAMES).figures == audit(columns).figures


def test_a_label_out_of_reach_is_told_from_one_that_a_cut_can_help():
    rng = np.random.default_rng(0)
    y = truth(4000, (0.01, 0.01, 0.01))
    # a: told well, but shifted far down; b: a little better than chance; c: chance
    scores = rng.normal(size=y.shape) + y * np.array([6.0, 0.8, 0.0]) - np.array([9.0, 3.0, 3.0])
    found = audit(frame(scores, y)).labels
    assert found["verdict"].tolist() == ["reachable", "out of reach", "no better than chance"]
    # 40 cases over both sides may raise 400 alarms each
    first = np.argsort(-scores[:, 1], kind="stable")[:400]
    assert found["reach"][1] == pytest.approx(y[first, 1].mean() * 400 / 40)


def test_a_label_with_few_cases_gets_no_verdict():
    y = truth(2000, SHARES)
    y[:, 2] = False
    y[[0, 1, 1500, 1501], 2] = True
    found = audit(frame(np.where(y, 3.0, -3.0), y)).labels
    assert found["cases"][2] == 4
    assert found["verdict"][2] == "too few cases"


def test_the_rank_sum_test_agrees_with_scipy_on_ties():
    from scipy.stats import mannwhitneyu

    scores, y = noisy()
    coarse = np.round(scores)
    found = audit(frame(coarse, y)).labels
    for j in range(3):
        positive = y[:, j].astype(bool)
        u, p = mannwhitneyu(coarse[positive, j], coarse[~positive, j], alternative="greater", method="asymptotic")
        assert found["auc"][j] == pytest.approx(u / (positive.sum() * (~positive).sum()))
        assert found["p"][j] == pytest.approx(p, rel=1e-6)


def test_the_report_fits_eighty_columns_and_names_the_rule_to_deploy():
    scores, y = noisy()
    text = str(audit(frame(scores, y)))
    assert max(map(len, text.splitlines())) <= 80
    assert "Deploy the rule marked *" in text
    assert sum(" *" in line for line in text.splitlines() if line.startswith(TITLES)) == 1


def test_scores_without_a_prior_to_adjust_for_are_cut_once():
    y = truth(2000, (0.2, 0.2, 0.2))
    text = " ".join(str(audit(frame(np.where(y, 3.0, -3.0), y))).split())
    assert "Deploy the rule marked *: one cut on z. It raises 0.60 alarms" in text
