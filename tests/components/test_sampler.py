"""Repeat factors, and the threshold at which they are the plain shuffle."""

import numpy as np
import pytest
import torch

from ablate.components.sampler import RepeatFactor
from ablate.data.labels import Labels
from ablate.factors import Sampler
from ablate.stats import LabelStats
from ablate.testing import toy_labels, toy_stats
from ablate.train.order import Order


def batches(sampler, count=12):
    order = Order(sampler, toy_labels(), toy_stats(), np.random.SeedSequence(7))
    return [order.batch(9).tolist() for _ in range(count)]


def test_threshold_0_gives_the_very_batches_of_the_shuffle():
    assert batches(RepeatFactor(0.0)) == batches(Sampler())


def test_a_threshold_gives_other_batches():
    assert batches(RepeatFactor(0.1)) != batches(Sampler())


def test_a_document_is_repeated_as_its_rarest_label_asks():
    # frequencies .5, .05 and .0125 of 80 documents at threshold .2: max(1, sqrt(.4)) = 1, sqrt(4) = 2, sqrt(16) = 4
    stats = LabelStats(torch.tensor([40.0, 4.0, 1.0]), 80)
    labels = Labels.from_lists([[], [0], [0, 1], [1, 2]], 3)
    torch.testing.assert_close(RepeatFactor(0.2).weights(labels, stats), torch.tensor([1.0, 1, 2, 4]).double())


@pytest.mark.parametrize("sampler", [Sampler(), RepeatFactor(0.1)], ids=repr)
def test_draw_weights_follow_their_documents_when_the_documents_change_places(sampler):
    places = np.random.default_rng(1).permutation(40)
    moved = sampler.weights(toy_labels().take(places), toy_stats())
    assert torch.equal(moved, sampler.weights(toy_labels(), toy_stats())[torch.from_numpy(places)])


def test_the_order_of_the_labels_does_not_matter_to_the_draws():
    order = np.array([4, 2, 0, 1, 3])
    stats = LabelStats(toy_stats().positives[torch.from_numpy(order)], 40)
    moved = RepeatFactor(0.1).weights(toy_labels().keep(order), stats)
    assert torch.equal(moved, RepeatFactor(0.1).weights(toy_labels(), toy_stats()))
