"""Where biases start: the best constant of the arm's own objective, and how far that lies from the plain one."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from ablate.catalog import STRATEGIES
from ablate.components.bias import ZeroBias
from ablate.components.loss import Focal, Softmax
from ablate.components.sampler import RepeatFactor
from ablate.components.shift import LogitAdjustment
from ablate.components.weighting import EffectiveNumber, InverseWeight, PowerWeight
from ablate.data.labels import Labels
from ablate.factors import Bias, Loss, Sampler, Shift, Weighting
from ablate.objective import known_shift, objective, sampled_prior
from ablate.stats import LabelStats
from ablate.testing import toy_labels, toy_stats

#: The search for the best constant ends with steps of 1e-4.
STEP = 1e-4


def goal(loss=Loss(), weighting=Weighting(), shift=Shift(), sampler=Sampler()):  # noqa: B008 (components are frozen)
    return objective(loss, weighting, shift, sampler, toy_labels(), toy_stats())


def start(**parts):
    return Bias().start(goal(**parts), toy_stats())


def log_odds():
    share = toy_stats().positives / len(toy_labels())
    return torch.log(share / (1 - share))


def near(found, expected):
    torch.testing.assert_close(found, expected, rtol=0, atol=STEP)


def test_cross_entropy_starts_at_the_logit_of_the_prior():
    # one document of four: log(.25 / .75) = -log 3
    labels = Labels.from_lists([[0], [], [], []], 1)
    stats = LabelStats(torch.tensor([1.0]), 4)
    plain = objective(Loss(), Weighting(), Shift(), Sampler(), labels, stats)
    near(Bias().start(plain, stats), torch.tensor([-math.log(3)]))
    near(start(), log_odds())


def test_weighted_positives_start_higher_by_the_log_of_their_weight():
    # d/dz [pi w log(1 + e^-z) + (1 - pi) log(1 + e^z)] = -pi w (1 - p) + (1 - pi) p = 0
    # gives p / (1 - p) = w pi / (1 - pi), so z = logit(pi) + log w
    weight = (toy_stats().negatives / toy_stats().positives) ** 0.5
    near(start(weighting=PowerWeight(0.5)), log_odds() + weight.log())
    near(known_shift(goal(weighting=PowerWeight(0.5)), toy_stats()), weight.log())


def test_inverse_weights_make_zero_the_right_start():
    near(start(weighting=InverseWeight()), torch.zeros(5))


def test_one_weight_for_both_classes_of_a_label_moves_nothing():
    near(start(weighting=EffectiveNumber()), log_odds())


@pytest.mark.parametrize("gamma", [0.5, 2.0, 5.0])
def test_focal_starts_where_its_expected_loss_is_stationary(gamma):
    prior = toy_stats().prior.double()
    found = start(loss=Focal(gamma)).double()

    def slope(constant):
        z = constant.detach().clone().requires_grad_()
        present, absent = Focal(gamma).elementwise(z, torch.ones(5)), Focal(gamma).elementwise(z, torch.zeros(5))
        (prior * present + (1 - prior) * absent).sum().backward()
        return z.grad

    # within the step of the search the slope changes sign, and is nothing beside that a twentieth further off
    assert (slope(found - STEP) <= 0).all()
    assert (slope(found + STEP) >= 0).all()
    assert (slope(found).abs() < 0.01 * slope(found + 0.05)).all()


def test_a_sampler_starts_at_the_prior_that_it_draws():
    class Thrice(Sampler):
        """The first document three times."""

        def weights(self, labels, stats):
            return torch.tensor([3.0, 1.0, 1.0, 1.0])

    labels = Labels.from_lists([[0], [0, 1], [], []], 2)
    stats = LabelStats(torch.tensor([2.0, 1.0]), 4)
    # (3 + 1) of 6 draws and 1 of 6: log 2 and -log 5
    drawn = objective(Loss(), Weighting(), Shift(), Thrice(), labels, stats)
    near(Bias().start(drawn, stats), torch.tensor([math.log(2), -math.log(5)]))
    # from 2 of 4 and 1 of 4: log 2 - log 1 and -log 5 + log 3
    near(known_shift(drawn, stats), torch.tensor([math.log(2), math.log(3 / 5)]))


def test_a_sampler_may_state_the_shift_of_the_log_odds_itself():
    class Stated(Sampler):
        """Says that it doubles all odds."""

        def shift(self, stats):
            return torch.full_like(stats.positives, math.log(2))

    near(torch.logit(sampled_prior(Stated(), toy_labels(), toy_stats())), log_odds() + math.log(2))
    near(known_shift(goal(sampler=Stated()), toy_stats()), torch.full((5,), math.log(2)))


def test_logit_adjustment_starts_as_much_lower_as_it_adds_in_training():
    near(start(shift=LogitAdjustment(0.5)), 0.5 * log_odds())
    near(known_shift(goal(shift=LogitAdjustment(0.5)), toy_stats()), -0.5 * log_odds())


@pytest.mark.parametrize("loss", [Loss(), Focal(), Softmax()], ids=repr)
def test_nothing_is_corrected_where_only_the_loss_differs(loss):
    assert torch.equal(known_shift(goal(loss=loss), toy_stats()), torch.zeros(5))


def test_softmax_starts_at_the_log_of_the_labels_shares():
    # 6, 3 and 1 of 10 positives
    labels = Labels.from_lists([[0]] * 6 + [[1]] * 3 + [[2]], 3)
    stats = LabelStats(torch.tensor([6.0, 3.0, 1.0]), 10)
    plain = objective(Softmax(), Weighting(), Shift(), Sampler(), labels, stats)
    torch.testing.assert_close(Bias().start(plain, stats), torch.tensor([0.6, 0.3, 0.1]).log())


@pytest.mark.parametrize("weighting", [InverseWeight(), EffectiveNumber(0.1)], ids=repr)
def test_softmax_with_weights_starts_where_its_loss_is_stationary(weighting):
    labels = Labels.from_lists([[0]] * 6 + [[1]] * 3 + [[2]], 3)
    stats = LabelStats(torch.tensor([6.0, 3.0, 1.0]), 10)
    weighted = objective(Softmax(), weighting, Shift(), Sampler(), labels, stats)
    constant = Bias().start(weighted, stats).requires_grad_()
    weighted(constant.expand(10, 3), torch.from_numpy(labels.dense()), stats).backward()
    torch.testing.assert_close(constant.grad, torch.zeros(3), rtol=0, atol=1e-6)


def test_softmax_starts_lower_by_what_logit_adjustment_adds():
    adjusted = start(loss=Softmax(), shift=LogitAdjustment(0.5)) + 0.5 * log_odds()
    torch.testing.assert_close(adjusted, start(loss=Softmax()))


def test_the_weight_of_labels_with_one_positive_among_thousands_is_known_exactly():
    labels = Labels.from_lists([[n] for n in range(20)] + [[]] * 4980, 20)
    stats = LabelStats(torch.ones(20), 5000)
    weighted = objective(Loss(), InverseWeight(), Shift(), Sampler(), labels, stats)
    assert weighted.positive_weight.tolist() == [4999] * 20
    assert weighted.negative_weight.tolist() == [1] * 20
    near(known_shift(weighted, stats), torch.full((20,), math.log(4999)))


def test_zero_bias_starts_at_zero_whatever_the_objective():
    assert torch.equal(ZeroBias().start(goal(weighting=PowerWeight(0.5)), toy_stats()), torch.zeros(5))


def test_a_label_on_every_document_and_one_on_a_single_document_start_at_finite_values():
    labels = Labels.from_lists([[0, 1]] + [[0]] * 9, 2)
    stats = LabelStats(torch.tensor([10.0, 1.0]), 10)
    plain = objective(Loss(), Weighting(), Shift(), Sampler(), labels, stats)
    # half a document stands for none: log(9.5 / .5) = log 19, and log(1 / 9)
    near(Bias().start(plain, stats), torch.tensor([math.log(19), -math.log(9)]))


@pytest.mark.parametrize("strategy", STRATEGIES, ids=lambda strategy: strategy.name)
def test_starts_follow_their_labels_when_the_labels_change_places(strategy):
    order = np.array([3, 0, 4, 2, 1])
    stats, labels = toy_stats(), toy_labels()
    moved = replace(stats, positives=stats.positives[torch.from_numpy(order)])

    def starts(labels, stats):
        parts = (strategy.loss, strategy.weighting, strategy.shift, strategy.sampler)
        own = objective(*parts, labels, stats)
        return torch.stack([strategy.bias.start(own, stats), known_shift(own, stats)])

    torch.testing.assert_close(starts(labels.keep(order), moved), starts(labels, stats)[:, torch.from_numpy(order)])


def test_a_sampler_that_repeats_rare_labels_raises_their_prior_alone():
    before, after = toy_stats().prior, sampled_prior(RepeatFactor(0.1), toy_labels(), toy_stats())
    rare = toy_stats().positives == toy_stats().positives.min()
    assert (after[rare] > 1.5 * before[rare]).all()
