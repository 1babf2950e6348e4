from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from ablate.data.labels import Labels
from ablate.factors import Sampler
from ablate.stats import LabelStats
from ablate.train.order import Order


@dataclass(frozen=True)
class Given(Sampler):
    """Answers with the given weights, one after the other; the last for ever."""

    answers: tuple[tuple[float, ...], ...]
    asked: list[int] = field(default_factory=list)

    def weights(self, labels: Labels, stats: LabelStats) -> torch.Tensor:
        self.asked.append(len(self.asked))
        return torch.tensor(self.answers[min(self.asked[-1], len(self.answers) - 1)], dtype=torch.float64)


def order(*answers: tuple[float, ...], seed: int = 0) -> Order:
    labels = Labels.from_lists([[0]] * len(answers[0]), 1)
    stats = LabelStats(torch.ones(1), len(labels))
    return Order(Given(answers), labels, stats, np.random.SeedSequence(seed))


def stream(one: Order, sizes: list[int]) -> list[int]:
    return np.concatenate([one.batch(size) for size in sizes]).tolist()


@settings(deadline=None, max_examples=50)
@given(st.integers(1, 30), st.floats(0.1, 10), st.lists(st.integers(1, 40), min_size=1, max_size=8))
def test_with_equal_weights_every_epoch_is_a_permutation(documents: int, weight: float, sizes: list[int]):
    drawn = stream(order((weight,) * documents), [*sizes, 2 * documents])
    for start in range(0, len(drawn) - documents + 1, documents):
        assert sorted(drawn[start : start + documents]) == list(range(documents))


def test_epochs_are_shuffled_anew():
    one = order((1.0,) * 50)
    assert stream(one, [50]) != stream(one, [50])


@settings(deadline=None, max_examples=50)
@given(st.lists(st.floats(0.05, 5), min_size=2, max_size=12), st.lists(st.integers(1, 30), min_size=1, max_size=10))
def test_batches_cut_one_stream_without_gap_or_repeat(weights: list[float], sizes: list[int]):
    whole, cut = order(tuple(weights)), order(tuple(weights))
    assert stream(cut, sizes) == stream(whole, [sum(sizes)])


def test_batches_have_the_size_that_was_asked_for_even_beyond_an_epoch():
    one = order((1.0, 2.0, 3.0))
    assert [len(one.batch(size)) for size in (1, 2, 50, 3)] == [1, 2, 50, 3]


def test_whole_numbers_are_drawn_exactly_so_often_in_every_epoch():
    # mean 2: document 0 counts 1, document 1 counts 1, document 2 twice, document 3 not at all
    drawn = stream(order((2.0, 2.0, 4.0, 0.0)), [4] * 10)
    for start in range(0, 40, 4):
        assert sorted(drawn[start : start + 4]) == [0, 1, 2, 2]


@settings(deadline=None, max_examples=25)
@given(st.lists(st.floats(0.05, 5), min_size=2, max_size=8))
def test_documents_are_drawn_in_proportion_to_their_weights(weights: list[float]):
    epochs, documents = 400, len(weights)
    counts = np.bincount(stream(order(tuple(weights)), [epochs * documents]), minlength=documents)
    expected = epochs * np.array(weights) / np.mean(weights)
    # the rounding of each document has variance 1/4 at most in each epoch, and so has the length of the stream
    deviation = np.sqrt(epochs / 4) + expected / (epochs * documents) * np.sqrt(epochs * documents / 4)
    assert (np.abs(counts - expected) < 6 * deviation + expected / epochs + 2).all()


def test_the_same_seed_gives_the_same_stream_and_another_one_another():
    weights = (1.0, 2.0, 0.5) * 10
    assert stream(order(weights), [90]) == stream(order(weights), [90])
    assert stream(order(weights), [90]) != stream(order(weights, seed=1), [90])


def test_a_refresh_that_changes_no_weight_leaves_the_stream_alone():
    refreshed, plain = order((1.0, 2.0, 3.0)), order((1.0, 2.0, 3.0))
    drawn = []
    for _ in range(10):
        drawn += stream(refreshed, [4])
        refreshed.refresh()
    assert drawn == stream(plain, [40])


def test_weights_that_differ_by_a_factor_are_the_same_weights():
    scaled, plain = order((1.0, 2.0, 1.0), (2.0, 4.0, 2.0)), order((1.0, 2.0, 1.0))
    first = stream(scaled, [2])
    scaled.refresh()
    assert first + stream(scaled, [7]) == stream(plain, [9])


def test_changed_weights_start_a_new_epoch_at_once():
    one = order((1.0, 1.0, 1.0, 1.0), (0.0, 0.0, 1.0, 1.0))
    one.batch(1)
    one.refresh()
    assert set(stream(one, [20])) == {2, 3}


@pytest.mark.parametrize("refreshes", [0, 3])
def test_the_sampler_is_asked_once_and_at_each_refresh(refreshes: int):
    sampler = Given(((1.0, 1.0),))
    labels = Labels.from_lists([[0], [0]], 1)
    one = Order(sampler, labels, LabelStats(torch.ones(1), 2), np.random.SeedSequence(0))
    for _ in range(refreshes):
        one.batch(5)
        one.refresh()
    assert len(sampler.asked) == 1 + refreshes
