"""Repeat factors, and the threshold at which they are the plain shuffle."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from ablate.components.sampler import (
    FollowRecall,
    HeadUndersampling,
    LabelPower,
    MlRos,
    Progressive,
    RepeatFactor,
)
from ablate.data.labels import Labels
from ablate.factors import Sampler
from ablate.objective import sampled_prior
from ablate.stats import LabelStats
from ablate.testing import toy_labels, toy_stats
from ablate.train.order import Order

SAMPLERS = [
    *(Sampler(), RepeatFactor(0.1), LabelPower(), Progressive(), MlRos(), HeadUndersampling(0.1), FollowRecall()),
]
#: 4 + 2 + 1 documents of one label and one without any
SINGLE = Labels.from_lists([[0]] * 4 + [[1]] * 2 + [[2]] + [[]], 3)
SINGLE_STATS = LabelStats(torch.tensor([4.0, 2.0, 1.0]), 8)


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


@pytest.mark.parametrize("sampler", SAMPLERS, ids=repr)
def test_draw_weights_follow_their_documents_when_the_documents_change_places(sampler):
    places = np.random.default_rng(1).permutation(40)
    moved = sampler.weights(toy_labels().take(places), toy_stats())
    assert torch.equal(moved, sampler.weights(toy_labels(), toy_stats())[torch.from_numpy(places)])


@pytest.mark.parametrize("sampler", SAMPLERS, ids=repr)
def test_the_order_of_the_labels_does_not_matter_to_the_draws(sampler):
    order = np.array([4, 2, 0, 1, 3])
    stats = LabelStats(toy_stats().positives[torch.from_numpy(order)], 40)
    moved = sampler.weights(toy_labels().keep(order), stats)
    torch.testing.assert_close(moved, sampler.weights(toy_labels(), toy_stats()))


@pytest.mark.parametrize("sampler", [s for s in SAMPLERS if s.baseline_at], ids=repr)
def test_a_sampler_at_its_neutral_value_gives_the_very_batches_of_the_shuffle(sampler):
    assert batches(replace(sampler, **sampler.baseline_at)) == batches(Sampler())


def test_class_aware_draws_see_every_label_equally_often():
    # 4 * 1/4 = 2 * 1/2 = 1 * 1 = 1 for the bare one
    assert LabelPower(0.0).weights(SINGLE, SINGLE_STATS).tolist() == [0.25] * 4 + [0.5] * 2 + [1.0, 1.0]


def test_the_square_root_draws_labels_by_the_root_of_their_counts():
    weights = LabelPower(0.5).weights(SINGLE, SINGLE_STATS)
    # drawn 4/2 = sqrt 4, 2/sqrt 2 = sqrt 2, 1
    torch.testing.assert_close(weights[:4].sum(), torch.tensor(2.0).double())
    torch.testing.assert_close(weights[4:6].sum(), torch.tensor(2.0).double().sqrt())
    assert weights[6] == 1


def test_a_document_of_several_labels_takes_their_mean():
    labels = Labels.from_lists([[0, 1], [0], [1], [0], [0]], 2)
    stats = LabelStats(torch.tensor([4.0, 2.0]), 5)
    # (1/4 + 1/2) / 2
    assert LabelPower(0.0).weights(labels, stats).tolist() == [0.375, 0.25, 0.5, 0.25, 0.25]


def test_progress_leads_from_the_shuffle_to_class_aware_draws():
    stats = replace(SINGLE_STATS)
    aware = LabelPower(0.0).weights(SINGLE, stats)
    for progress in (0.0, 0.5, 1.0):
        stats.progress = progress
        expected = (1 - progress) + progress * aware / aware.mean()
        torch.testing.assert_close(Progressive().weights(SINGLE, stats), expected)


def test_the_clones_of_ml_ros_go_to_the_labels_above_the_mean_imbalance():
    # counts 40, 10, 4 of 54 documents: imbalance 1, 4, 10, mean 5, so the last label alone is a minority.
    # It may grow to 40/5 = 8, which is 4 clones; a quarter of 54 would be 13.5
    labels = Labels.from_lists([[0]] * 40 + [[1]] * 10 + [[2]] * 4, 3)
    stats = LabelStats(torch.tensor([40.0, 10.0, 4.0]), 54)
    torch.testing.assert_close(MlRos().weights(labels, stats), torch.tensor([1.0] * 50 + [2.0] * 4).double())
    # a budget of 1/54 of 54 documents is one clone for four documents
    few = MlRos(share=1 / 54).weights(labels, stats)
    torch.testing.assert_close(few[-4:], torch.full((4,), 1.25).double())


def test_minority_labels_of_ml_ros_share_the_clones_evenly_until_one_is_full():
    # counts 100, 100, 2, 10: imbalance 1, 1, 50, 10, mean 15.5: the third alone lies above.
    # counts 100, 2, 3 and 7 frequent ones: imbalance 50, 33.3, 8 times 1, mean 9.13; both may grow to 10.95
    labels = Labels.from_lists([[n % 8] for n in range(800)] + [[8]] * 2 + [[9]] * 3, 10)
    stats = LabelStats(torch.tensor([100.0] * 8 + [2.0, 3.0]), 805)
    weights = MlRos(share=10 / 805).weights(labels, stats)  # five clones each
    torch.testing.assert_close(weights[800:], torch.tensor([1 + 5 / 2] * 2 + [1 + 5 / 3] * 3).double())


def test_under_sampling_keeps_all_documents_with_a_rare_label():
    # of 8 documents, labels on 4, 2 and 1: rarer than 20 % is the last alone
    weights = HeadUndersampling(frequency=0.2, keep=0.3).weights(SINGLE, SINGLE_STATS)
    assert weights.tolist() == [0.3] * 6 + [1.0, 0.3]


def test_under_sampling_shifts_the_prior_by_what_it_throws_away():
    # of the drawn mass 7 * .3 + 1 = 3.1 the rare label has 1, the first label 4 * .3
    found = sampled_prior(HeadUndersampling(0.2, 0.3), SINGLE, SINGLE_STATS)
    torch.testing.assert_close(found, torch.tensor([1.2 / 3.1, 0.6 / 3.1, 1 / 3.1]))


def test_draws_follow_the_most_missed_label_of_a_document():
    labels = Labels.from_lists([[], [0], [0, 1], [2]], 3)
    stats = LabelStats(torch.tensor([2.0, 1.0, 1.0]), 4, running_recall=torch.tensor([0.75, 0.5, 1.0]))
    assert FollowRecall(2.0).weights(labels, stats).tolist() == [1.0, 1.5, 2.0, 1.0]
