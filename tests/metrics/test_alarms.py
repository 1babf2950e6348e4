from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ablate.data.labels import Labels
from ablate.metrics.alarms import TAUS, Adjustment, budget, choose_tau, decode, encode, scale_of, top_pairs


def planted(seed: int, documents: int = 60, width: int = 8, ties: bool = False):
    rng = np.random.default_rng(seed)
    prior = np.geomspace(0.02, 0.4, width)
    truth = rng.random((documents, width)) < prior
    scores = np.log(prior) + 1.5 * truth + rng.normal(size=truth.shape)
    if ties:
        scores = np.round(scores)
    labels = Labels.from_lists([np.flatnonzero(row) for row in truth], width)
    return scores.astype(np.float32), labels, prior


def slow_balanced(scores: np.ndarray, labels: Labels, k: int) -> float:
    """Balanced recall by sorting all pairs; pairs tied at the cut count with the share of them that fits."""
    order = sorted(scores.ravel(), reverse=True)
    cut = order[min(k, len(order)) - 1]
    above, tied = sum(s > cut for s in order), sum(s == cut for s in order)
    share = (min(k, len(order)) - above) / tied
    found, positives = np.zeros(labels.width), np.zeros(labels.width)
    for document in range(len(labels)):
        for label in labels.indices[labels.indptr[document] : labels.indptr[document + 1]]:
            positives[label] += 1
            score = scores[document, label]
            found[label] += 1.0 if score > cut else share if score == cut else 0.0
    kept = positives > 0
    return float((np.mean(found[kept] / positives[kept]) + found.sum() / positives.sum()) / 2)


def slow_choice(scores: np.ndarray, labels: Labels, prior: np.ndarray, k: int) -> tuple[float, float]:
    scale = scale_of(scores, prior)
    tried = [(slow_balanced(Adjustment(float(t), scale).apply(scores, prior), labels, k), float(t)) for t in TAUS]
    best = max(round(value, 12) for value, _ in tried)
    return min((abs(tau), tau) for value, tau in tried if round(value, 12) == best)[1], best


def test_budget_rounds_alarms_and_allows_at_least_one():
    assert budget(1000, 2.3004) == 2300
    assert budget(3, 0.1) == 1


def test_the_highest_pairs_raise_the_alarms():
    scores = np.array([[0.1, 0.9, 0.3], [0.8, 0.2, 0.7]], dtype=np.float32)
    # the three highest are .9 at (0, 1), .8 at (1, 0) and .7 at (1, 2): flat 1, 3 and 5
    assert top_pairs(scores, 3).tolist() == [1, 3, 5]


@settings(deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 700))
def test_exactly_k_pairs_are_taken_whatever_the_ties(seed: int, k: int):
    scores, _, _ = planted(seed, ties=True)
    pairs = top_pairs(scores, k, seed)
    assert len(pairs) == len(set(pairs.tolist())) == min(k, scores.size)
    assert np.all(np.diff(pairs) > 0)
    chosen = np.zeros(scores.size, bool)
    chosen[pairs] = True
    if not chosen.all():
        assert scores.ravel()[chosen].min() >= scores.ravel()[~chosen].max()


def test_ties_at_the_cut_are_drawn_evenly_and_by_seed():
    scores = np.array([[5.0, 1.0, 1.0, 1.0, 1.0]], dtype=np.float32)
    draws = [tuple(top_pairs(scores, 3, seed)) for seed in range(400)]
    assert draws[7] == tuple(top_pairs(scores, 3, 7))
    # each of the four tied pairs fills one of two places: in half of 400 draws, sd 10
    taken = np.bincount(np.concatenate(draws), minlength=5)
    assert taken[0] == 400
    assert np.all(np.abs(taken[1:] - 200) < 50)


@settings(deadline=None)
@given(st.sets(st.integers(0, 2**33), min_size=1))
def test_alarm_sets_survive_packing(pairs: set[int]):
    flat = np.array(sorted(pairs), dtype=np.int64)
    assert decode(encode(flat, 2**33 + 1)).tolist() == flat.tolist()
    if flat[-1] < 2**32:
        assert encode(flat, 2**32).dtype == np.uint32


def test_adjustment_lifts_rare_labels_by_the_scaled_log_prior():
    prior = np.array([0.5, 0.125])  # logs -0.69 and -2.08: sd .69
    scores = np.array([[1.0, -1.0]], dtype=np.float32)  # sd 1
    scale = scale_of(scores, prior)
    assert scale == pytest.approx(1 / np.log(2))
    # z - tau * u * log(prior): 1 + 1 = 2 and -1 + 3 = 2
    assert Adjustment(1.0, scale).apply(scores, prior)[0] == pytest.approx([2.0, 2.0])


def test_equal_priors_leave_nothing_to_adjust():
    scores, labels, _ = planted(0)
    tau, scale, balanced = choose_tau(scores, labels, np.full(8, 0.1), 50)
    assert (tau, scale) == (0.0, 0.0)
    assert balanced == pytest.approx(slow_balanced(scores, labels, 50))


def test_a_label_without_a_prior_is_refused():
    scores, labels, prior = planted(0)
    with pytest.raises(ValueError, match="prior above 0"):
        choose_tau(scores, labels, np.where(prior > 0.1, prior, 0.0), 50)


@pytest.mark.parametrize("ties", [False, True])
@pytest.mark.parametrize("seed", range(4))
def test_the_fast_choice_is_the_slow_one(seed: int, ties: bool):
    scores, labels, prior = planted(seed, ties=ties)
    k = len(labels.indices)
    tau, _, balanced = choose_tau(scores, labels, prior, k)
    slow_tau, slow_best = slow_choice(scores, labels, prior, k)
    assert tau == slow_tau
    assert balanced == pytest.approx(slow_best)


def test_constant_scores_choose_no_adjustment_and_expect_chance():
    _, labels, prior = planted(1)
    tau, scale, balanced = choose_tau(np.ones((60, 8), np.float32), labels, prior, 48)
    assert (tau, scale) == (0.0, 0.0)
    assert balanced == pytest.approx(48 / 480)  # a tenth of all pairs, so a tenth of each label's positives


def test_among_equal_strengths_the_one_nearest_to_zero_is_taken():
    # one document, both labels true, budget for both: every strength finds everything
    labels = Labels.from_lists([[0, 1]], 2)
    assert choose_tau(np.array([[1.0, 2.0]], np.float32), labels, np.array([0.1, 0.4]), 2)[0] == 0.0
