from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.metrics import average_precision_score, f1_score, precision_score, recall_score

from ablate.data.labels import Labels
from ablate.metrics.buckets import buckets
from ablate.metrics.counts import Counts
from ablate.metrics.ranking import average_precision

tables = st.tuples(st.integers(1, 12), st.integers(2, 6)).flatmap(
    lambda shape: st.tuples(arrays(np.bool_, shape), arrays(np.bool_, shape))
)


def sparse(truth: np.ndarray) -> Labels:
    return Labels.from_lists([np.flatnonzero(row) for row in truth], truth.shape[1])


@settings(max_examples=60, deadline=None)
@given(tables)
def test_recall_precision_and_f1_are_those_of_scikit_learn(both: tuple[np.ndarray, np.ndarray]):
    truth, alarms = both
    counts = Counts.of_mask(alarms, sparse(truth))
    nan = {"zero_division": np.nan}
    present = np.flatnonzero(truth.any(axis=0))
    same = {"nan_ok": True}
    if len(present):
        macro = recall_score(truth, alarms, average="macro", **nan)
        assert counts.macro_recall == pytest.approx(macro)
        f1 = f1_score(truth, alarms, average="macro", labels=present, **nan)
        assert counts.macro_f1 == pytest.approx(f1)
    else:
        assert np.isnan(counts.macro_recall)
    assert counts.recall == pytest.approx(recall_score(truth, alarms, average=None, **nan), **same)
    assert counts.micro_recall == pytest.approx(recall_score(truth, alarms, average="micro", **nan), **same)
    assert counts.precision == pytest.approx(precision_score(truth, alarms, average="micro", **nan), **same)
    assert counts.micro_f1 == pytest.approx(f1_score(truth, alarms, average="micro", **nan), **same)


@settings(deadline=None)
@given(tables)
def test_a_set_of_pairs_counts_like_the_decisions_it_lists(both: tuple[np.ndarray, np.ndarray]):
    truth, alarms = both
    by_pairs = Counts.of_pairs(np.flatnonzero(alarms), sparse(truth))
    by_mask = Counts.of_mask(alarms, sparse(truth))
    for name in ("true_positives", "alarms", "positives"):
        assert getattr(by_pairs, name).tolist() == getattr(by_mask, name).tolist()
    assert by_pairs.alarms_per_document == alarms.sum() / len(truth)


def test_labels_without_a_positive_cost_precision_but_no_macro_recall():
    truth = np.array([[1, 0, 0], [1, 1, 0]], dtype=bool)
    alarms = np.array([[1, 0, 1], [0, 0, 1]], dtype=bool)
    counts = Counts.of_mask(alarms, sparse(truth))
    assert counts.macro_recall == 0.25  # label 0: 1 of 2, label 1: 0 of 1, label 2 has none
    assert counts.micro_recall == pytest.approx(1 / 3)
    assert counts.precision == pytest.approx(1 / 3)  # both alarms on label 2 are wrong
    assert counts.dead_labels == 0.5  # label 1, of two with positives
    assert counts.macro_f1 == pytest.approx((2 / 3 + 0) / 2)  # label 0: 2 * 1 / (1 + 2)


def test_buckets_part_labels_by_training_positives_and_say_who_pays():
    # labels with 9, 10, 99, 100, 9,999 and 10,000 training positives; all but the first have one test positive
    truth = np.array([[0, 1, 1, 1, 1, 1]], dtype=bool)
    alarms = np.array([[1, 1, 0, 1, 1, 1]], dtype=bool)
    found = buckets(Counts.of_mask(alarms, sparse(truth)), np.array([9, 10, 99, 100, 9_999, 10_000]))
    assert found["rare"] == {
        "macro_recall": None,
        "pooled_recall": None,
        "precision": 0.0,
        "alarms": 1,
        "labels": 0,
        "test_positives": 0,
    }
    assert (found["few"]["macro_recall"], found["few"]["precision"], found["few"]["labels"]) == (0.5, 1.0, 2)
    assert (found["medium"]["labels"], found["head"]["labels"]) == (2, 1)


def test_macro_and_pooled_recall_of_a_bucket_differ_where_labels_do():
    # label 0: 3 of 3 found, label 1: 0 of 1: macro (1 + 0) / 2, pooled 3 / 4
    truth = np.array([[1, 0], [1, 0], [1, 1]], dtype=bool)
    alarms = np.array([[1, 0], [1, 0], [1, 0]], dtype=bool)
    found = buckets(Counts.of_mask(alarms, sparse(truth)), np.array([5, 5]))["rare"]
    assert (found["macro_recall"], found["pooled_recall"]) == (0.5, 0.75)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000), st.booleans())
def test_average_precision_is_that_of_scikit_learn_ties_included(seed: int, ties: bool):
    rng = np.random.default_rng(seed)
    truth = rng.random((25, 4)) < [0.0, 0.05, 0.3, 0.9]
    scores = rng.normal(size=truth.shape).astype(np.float32)
    scores = np.round(scores * 2) if ties else scores
    found = average_precision(scores, sparse(truth))
    for label in range(4):
        if truth[:, label].any():
            assert found[label] == pytest.approx(average_precision_score(truth[:, label], scores[:, label]))
        else:
            assert np.isnan(found[label])
