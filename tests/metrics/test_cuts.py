"""Block by block against the readable way: sort everything, hold everything."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from ablate.data.labels import Labels
from ablate.metrics import alarms, cuts
from ablate.metrics.alarms import alarm_sets, choose_tau, scale_of, top_pairs
from ablate.metrics.counts import Counts
from ablate.metrics.cuts import cut_of, cuts_of
from ablate.metrics.measure import examine, point, validate
from ablate.metrics.ranking import average_precision

shapes = st.tuples(st.integers(1, 9), st.integers(1, 6))
few_values = st.sampled_from([-np.inf, -1.5, -0.0, 0.0, 0.25, 1.0, np.inf])
any_value = st.floats(-100, 100, width=32)
tables = shapes.flatmap(
    lambda shape: st.tuples(
        st.one_of(
            arrays(np.float32, shape, elements=any_value),
            arrays(np.float32, shape, elements=few_values),
            arrays(np.float32, shape, elements=st.just(2.0)),
        ),
        arrays(np.float32, shape[1], elements=st.floats(-3, 3, width=32)),
    )
)


@pytest.fixture(autouse=True, params=[2, 2**18], ids=["blocks", "whole"])
def block(request, monkeypatch):
    """Blocks of a row or two, and the real size."""
    monkeypatch.setattr(cuts, "PAIRS", request.param)


def slow_pairs(scores: np.ndarray, k: int, seed: int) -> list[int]:
    """Sort all pairs; of those tied at the cut, draw as many as fit."""
    flat = scores.ravel()
    k = min(k, len(flat))
    if k == 0:
        return []
    cut = np.sort(flat)[::-1][k - 1]
    above, tied = np.flatnonzero(flat > cut), np.flatnonzero(flat == cut)
    room = k - len(above)
    if room < len(tied):
        tied = np.random.default_rng(seed).choice(tied, room, replace=False, shuffle=False)
    return sorted([*above.tolist(), *tied.tolist()])


@settings(max_examples=50, deadline=None)
@given(tables, st.lists(st.integers(0, 60), max_size=4), st.integers(0, 9), st.booleans())
def test_alarm_sets_are_those_of_the_full_sort(table, budgets, seed, adjusted):
    scores, offsets = table
    found = alarm_sets(scores, budgets, seed, offsets if adjusted else None)
    expected = [slow_pairs(scores - offsets if adjusted else scores, k, seed) for k in budgets]
    assert [pairs.tolist() for pairs in found] == expected


@pytest.mark.parametrize("k", [0, 1, 700, 12_000, 79_999, 80_000, 99_999])
@pytest.mark.parametrize("decimals", [0, 2, 9])
def test_alarm_sets_of_many_pairs_are_those_of_the_full_sort(k, decimals):
    scores = np.round(np.random.default_rng(k).normal(size=(400, 200)), decimals).astype(np.float32)
    assert top_pairs(scores, k, 3).tolist() == slow_pairs(scores, k, 3)


def test_scores_that_rise_from_row_to_row_are_ranked_too():
    # each block is wholly above the ones before: the floor rises with every one
    scores = np.arange(3_000, dtype=np.float32).reshape(600, 5)
    assert top_pairs(scores, 7).tolist() == list(range(2_993, 3_000))


@settings(max_examples=50, deadline=None)
@given(tables, st.data())
def test_a_cut_is_the_kth_highest_with_its_ties_counted(table, data):
    scores, offsets = table
    k = data.draw(st.integers(1, scores.size))
    several = np.stack([offsets * factor for factor in (-1, 0, 0.5, 2)]).astype(np.float32)
    for cut, row in zip(cuts_of(scores, k, several), several, strict=True):
        adjusted = (scores - row).ravel()
        kth = np.sort(adjusted)[::-1][k - 1]
        above = np.sort(cut.above())  # settles the floor
        assert cut.floor == kth
        assert cut.tied == np.count_nonzero(adjusted == kth)
        assert above.tolist() == np.sort(adjusted[adjusted > kth]).tolist()


def test_rounding_of_the_adjustment_loses_no_pair():
    # 16777216 + 1 is 16777216 in float32: the adjusted score reaches a floor that the exact one misses
    scores, offsets = np.array([[2.0**24, 2.0**24 + 2]], np.float32), np.array([-1.0, 0.0], np.float32)
    floor = np.float32(2.0**24)
    place, values = cuts.reaching(scores, floor, offsets)
    assert place.tolist() == [0, 1]
    assert values.tolist() == [2.0**24, 2.0**24 + 2]
    # 1 - 3e-8 rounds up to 1
    place, _ = cuts.reaching(np.array([[1.0]], np.float32), np.float32(1.0), np.array([2.9e-8], np.float32))
    assert place.tolist() == [0]


def test_no_more_than_about_2_k_values_are_held_whatever_their_order():
    cut, held = cuts.Cut(50, np.float32(-np.inf)), []
    for start in range(0, 20_000, 20):
        cut.add(np.arange(start, start + 20, dtype=np.float32))
        held.append(sum(len(part) for part in cut._above))
    assert max(held) <= 2 * 50 + max(50, cuts.PAIRS // 8) + 20
    assert np.sort(cut.above()).tolist() == list(range(19_951, 20_000))
    assert (cut.floor, cut.tied) == (19_950, 1)


@settings(max_examples=50, deadline=None)
@given(tables, st.integers(0, 99))
def test_a_rule_that_is_applied_block_by_block_counts_like_all_decisions_at_once(table, seed):
    scores, _ = table
    truth = np.random.default_rng(seed).random(scores.shape) < 0.3
    labels = Labels.from_lists([np.flatnonzero(row) for row in truth], scores.shape[1])
    found, expected = Counts.of_rule(scores, labels, lambda z: z > 0.1), Counts.of_mask(scores > 0.1, labels)
    for name in ("true_positives", "alarms", "positives", "documents"):
        assert np.array_equal(getattr(found, name), getattr(expected, name))


def drawn(documents: int, width: int) -> tuple[np.ndarray, Labels, np.ndarray]:
    random = np.random.default_rng(0)
    prior = np.geomspace(1e-3, 0.05, width)
    rows = [np.flatnonzero(random.random(width) < prior) for _ in range(documents)]
    labels = Labels.from_lists(rows, width)
    scores = random.standard_normal((documents, width), np.float32) + np.log(prior).astype(np.float32)
    scores[labels.rows, labels.indices] += 3
    return scores, labels, prior


def test_the_spread_of_scores_is_the_same_from_some_at_a_time(monkeypatch):
    scores, _, prior = drawn(200, 30)
    whole = float(np.std(scores, dtype=np.float64)) / float(np.std(np.log(prior)))
    assert scale_of(scores, prior) == whole  # to the last bit, so that records keep their figures
    monkeypatch.setattr(alarms, "AT_ONCE", 1_000)
    assert scale_of(scores, prior) == pytest.approx(whole, rel=1e-13)


def test_the_strength_is_the_same_from_blocks_as_from_the_whole(monkeypatch):
    scores, labels, prior = drawn(300, 20)
    found = choose_tau(scores, labels, prior, 150)
    monkeypatch.setattr(cuts, "PAIRS", scores.size)
    assert choose_tau(scores, labels, prior, 150) == found
    assert found[0] != 0


def test_a_cut_of_equal_scores_ties_them_all():
    cut = cut_of(np.full((40, 5), 2.5, np.float32), 30)
    assert len(cut.above()) == 0
    assert (cut.floor, cut.tied) == (2.5, 200)


def test_average_precision_by_counting_equals_that_by_sorting(monkeypatch):
    scores, labels, _ = drawn(2_000, 12)
    scores = np.round(scores, 1)
    assert (labels.counts() == 0).sum() == 1  # whose figure is undefined in both
    both = []
    for few, at_once in ((0, 2**22), (10**9, 1)):
        monkeypatch.setattr("ablate.metrics.ranking.FEW", few)
        monkeypatch.setattr("ablate.metrics.ranking.AT_ONCE", at_once)
        both.append(average_precision(scores, labels))
    assert np.array_equal(both[0], both[1], equal_nan=True)


def test_no_measure_holds_a_second_copy_of_the_scores(monkeypatch):
    monkeypatch.setattr(cuts, "PAIRS", 2**14)
    monkeypatch.setattr(alarms, "AT_ONCE", 2**16)
    monkeypatch.setattr("ablate.metrics.ranking.AT_ONCE", 2**16)
    scores, labels, prior = drawn(6_000, 300)
    tracemalloc.start()
    try:
        rule = validate(scores, labels, prior, 0.5)
        examine(scores, labels, labels.counts(), prior, 0.5, rule)
        point(scores, labels, 3_000)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    # beside blocks, what goes with the pairs of documents and labels (45,000) and with the largest budget (a seventh
    # of a copy); a copy of the scores is 7 MB, flat numbers of all pairs are 14 MB
    assert len(labels.indices) < scores.size / 15
    assert peak < scores.nbytes
