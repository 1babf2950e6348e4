"""Shifts of the logits in training: logit adjustment, negative tolerance, margins."""

import math

import pytest
import torch
from longhand import double, random_batch, value_and_gradient

from ablate.components.loss import Focal
from ablate.components.shift import LogitAdjustment, Margin, NegativeTolerant
from ablate.components.weighting import RebalancedWeight
from ablate.factors import Loss, Sampler, Shift, Weighting
from ablate.objective import objective
from ablate.stats import LabelStats
from ablate.testing import toy_labels, toy_stats

STATS = LabelStats(torch.tensor([50.0, 20.0, 10.0]), 100)
LOGITS = torch.tensor([[0.5, -1.0, 2.0], [0.0, 0.0, 0.0]])


def test_tau_0_changes_nothing():
    assert torch.equal(LogitAdjustment(0.0).shift(LOGITS, torch.zeros(2, 3), STATS), LOGITS)


def test_the_log_odds_of_the_prior_are_added_times_tau():
    # log(50/50) = 0, log(20/80) = -log 4, log(10/90) = -log 9, each times one half
    moved = LogitAdjustment(0.5).shift(LOGITS, torch.zeros(2, 3), STATS)
    torch.testing.assert_close(moved - LOGITS, torch.tensor([0.0, -math.log(2), -math.log(3)]).expand(2, 3))


def of(shift, targets, weighting=Weighting(), loss=Loss(), stats=None):  # noqa: B008 (components are frozen values)
    goal = objective(loss, weighting, shift, Sampler(), toy_labels(), toy_stats())

    def batch(z):
        found = stats or double()
        weights = shift.reweigh(weighting.weights(targets, found), targets)
        return goal.loss(shift.shift(z, targets, found), targets, weights, found)

    return batch


def test_negative_tolerance_follows_the_formula_of_the_paper_in_values_and_gradients():
    logits, targets = random_batch()
    kappa, slope = 0.3, 2.5
    nu = kappa * torch.log(100 / double().positives - 1)

    def longhand(z):
        present = torch.log1p(torch.exp(-(z - nu)))
        absent = torch.log1p(torch.exp(slope * (z - nu))) / slope
        return (targets * present + (1 - targets) * absent).mean()

    found = value_and_gradient(of(NegativeTolerant(kappa, slope), targets), logits)
    torch.testing.assert_close(found, value_and_gradient(longhand, logits))


def test_negative_tolerance_without_shift_and_slope_is_the_neutral_level():
    logits, targets = random_batch()
    found = value_and_gradient(of(NegativeTolerant(0.0, 1.0), targets), logits)
    torch.testing.assert_close(found, value_and_gradient(of(Shift(), targets), logits))


def test_the_gradient_of_an_absence_fades_sooner_and_is_as_steep_far_out():
    absent = torch.zeros(1, 4).double()
    low, high = torch.full((1, 4), -3.0).double(), torch.full((1, 4), 30.0).double()
    plain, tolerant = Shift(), NegativeTolerant(0.0, 2.0)
    assert (value_and_gradient(of(tolerant, absent), low)[1] < value_and_gradient(of(plain, absent), low)[1] / 10).all()
    torch.testing.assert_close(
        value_and_gradient(of(tolerant, absent), high)[1], value_and_gradient(of(plain, absent), high)[1]
    )


def test_the_distribution_balanced_loss_is_the_composition_of_its_three_parts():
    logits, targets = random_batch()
    targets[3] = 0  # a document without labels
    positives = double().positives

    def longhand(z):
        total = 0
        for row, marks in zip(z, targets, strict=True):
            drawn = (marks / positives).sum()
            for label in range(4):
                share = (1 / positives[label]) / drawn if drawn > 0 else torch.tensor(math.inf)
                weight = 0.1 + torch.sigmoid(10 * (share - 0.9))
                moved = row[label] - 0.05 * torch.log(100 / positives[label] - 1)
                if marks[label]:
                    q = torch.sigmoid(moved)
                    total = total - weight * (1 - q) ** 2 * torch.log(q)
                else:
                    q = torch.sigmoid(2 * moved)
                    total = total - weight / 2 * q**2 * torch.log(1 - q)
        return total / z.numel()

    found = value_and_gradient(of(NegativeTolerant(), targets, RebalancedWeight(), Focal()), logits)
    torch.testing.assert_close(found, value_and_gradient(longhand, logits))


def test_the_rarest_label_has_the_largest_margin_and_sixteen_times_the_documents_half_of_it():
    stats = LabelStats(torch.tensor([160.0, 10.0]), 1000)
    targets = torch.tensor([[1.0, 1.0], [0.0, 0.0]])
    moved = Margin(0.5).shift(torch.zeros(2, 2), targets, stats)
    torch.testing.assert_close(moved, torch.tensor([[-0.25, -0.5], [0.0, 0.0]]))


def test_a_margin_of_nothing_is_the_neutral_level():
    logits, targets = random_batch()
    assert torch.equal(Margin(0.0).shift(logits, targets, double()), logits)


@pytest.mark.parametrize("shift", [LogitAdjustment(), NegativeTolerant(), Margin()], ids=lambda s: type(s).__name__)
def test_shifts_follow_their_labels_and_documents_when_these_change_places(shift):
    logits, targets = random_batch()
    documents, labels = torch.arange(19, -1, -1), torch.tensor([2, 0, 3, 1])
    stats = double()
    moved = LabelStats(stats.positives[labels], stats.documents)
    expected = shift.shift(logits, targets, stats)[documents][:, labels]
    found = shift.shift(logits[documents][:, labels], targets[documents][:, labels], moved)
    torch.testing.assert_close(found, expected)


def test_the_best_constant_of_a_stretched_shift_lies_where_its_gradient_vanishes():
    # p sigmoid(-(z - nu)) = (1 - p) sigmoid(2 (z - nu)): the slope cancels in the gradient
    stats = toy_stats()
    goal = objective(Loss(), Weighting(), NegativeTolerant(0.0, 2.0), Sampler(), toy_labels(), stats)
    z = goal.best_constant(stats)
    pull = stats.prior * torch.sigmoid(-z)
    torch.testing.assert_close(pull, (1 - stats.prior) * torch.sigmoid(2 * z), rtol=1e-3, atol=1e-6)
