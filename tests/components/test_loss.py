"""Focal loss and softmax: their formulas longhand, and where they are cross-entropy."""

import math

import pytest
import torch
import torch.nn.functional as F

from ablate.components.loss import Focal, Softmax
from ablate.factors import Loss
from ablate.stats import LabelStats

STATS = LabelStats(torch.tensor([3.0, 2.0, 1.0]), 8)


def value_and_gradient(function, logits):
    logits = logits.detach().clone().requires_grad_()
    value = function(logits)
    value.sum().backward()
    return value.detach(), logits.grad


def random_pairs():
    draw = torch.Generator().manual_seed(0)
    logits = 4 * torch.randn(20, 3, dtype=torch.float64, generator=draw)
    return logits, torch.randint(0, 2, (20, 3), generator=draw).double()


def test_the_neutral_loss_is_cross_entropy_in_values_and_gradients():
    logits, targets = random_pairs()

    def longhand(z):
        p = torch.sigmoid(z)
        return -targets * torch.log(p) - (1 - targets) * torch.log(1 - p)

    found = value_and_gradient(lambda z: Loss().elementwise(z, targets), logits)
    torch.testing.assert_close(found, value_and_gradient(longhand, logits))


def test_focal_with_gamma_0_is_cross_entropy_in_values_and_gradients():
    logits, targets = random_pairs()
    focal = value_and_gradient(lambda z: Focal(0.0).elementwise(z, targets), logits)
    plain = value_and_gradient(lambda z: Loss().elementwise(z, targets), logits)
    torch.testing.assert_close(focal, plain, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("gamma", [0.5, 2.0, 5.0])
def test_focal_follows_the_formula_of_the_paper_in_values_and_gradients(gamma):
    logits, targets = random_pairs()

    def longhand(z):
        p = torch.sigmoid(z)
        present = -((1 - p) ** gamma) * torch.log(p)
        absent = -(p**gamma) * torch.log(1 - p)
        return targets * present + (1 - targets) * absent

    found = value_and_gradient(lambda z: Focal(gamma).elementwise(z, targets), logits)
    torch.testing.assert_close(found, value_and_gradient(longhand, logits))


def test_focal_of_a_positive_at_three_quarters():
    # logit log 3 is p = 3/4: (1/4) ** 2 * log(4/3) = .0625 * .2876821
    found = Focal(2.0).elementwise(torch.tensor([math.log(3.0)]), torch.ones(1))
    torch.testing.assert_close(found, torch.tensor([0.0625 * 0.2876821]))


@pytest.mark.parametrize("loss", [Loss(), Focal(0.0), Focal(2.0)], ids=repr)
def test_a_fractional_target_blends_the_losses_of_presence_and_absence(loss):
    # as mixup defines it (Zhang et al. 2018): ratio * loss(z, 1) + (1 - ratio) * loss(z, 0)
    logits, _ = random_pairs()
    present, absent = (loss.elementwise(logits, torch.full_like(logits, target)) for target in (1.0, 0.0))
    found = loss.elementwise(logits, torch.full_like(logits, 0.75))
    torch.testing.assert_close(found, 0.75 * present + 0.25 * absent)


@pytest.mark.parametrize("loss", [Loss(), Focal(0.5), Focal(5.0), Softmax()], ids=repr)
def test_gradients_stay_finite_where_the_model_is_certain_and_wrong(loss):
    logits = torch.tensor([[1e4, -1e4, 0.0], [-1e4, 1e4, 1e4]])
    targets = torch.tensor([[0.0, 1.0, 1.0], [1.0, 0.0, 0.0]])
    value, gradient = value_and_gradient(lambda z: loss.elementwise(z, targets), logits)
    assert torch.isfinite(value).all()
    assert torch.isfinite(gradient).all()
    assert value.sum() > 1e4


def test_softmax_with_one_label_per_document_is_torch_cross_entropy_over_the_number_of_labels():
    logits, _ = random_pairs()
    chosen = torch.arange(20) % 3
    targets = F.one_hot(chosen, 3).double()
    weights = torch.ones_like(targets)
    ours = value_and_gradient(lambda z: Softmax()(z, targets, weights, STATS), logits)
    theirs = value_and_gradient(lambda z: F.cross_entropy(z, chosen) / 3, logits)
    torch.testing.assert_close(ours, theirs, rtol=1e-12, atol=1e-15)


def test_softmax_shares_one_among_the_labels_of_a_document():
    # equal scores of four labels: each of two labels costs 1/2 log 4, the other two nothing
    targets = torch.tensor([[1.0, 0.0, 1.0, 0.0]])
    found = Softmax().elementwise(torch.zeros(1, 4), targets)
    torch.testing.assert_close(found, targets * math.log(4) / 2)


def test_a_document_without_labels_adds_nothing_to_softmax():
    logits, targets = random_pairs()
    targets[::2] = 0
    value, gradient = value_and_gradient(lambda z: Softmax().elementwise(z, targets), logits)
    assert not value[::2].any()
    assert not gradient[::2].any()
    assert gradient[targets.sum(1) > 0].any()


def test_softmax_ranks_by_log_probability():
    logits, _ = random_pairs()
    scores = Softmax().scores(logits)
    torch.testing.assert_close(scores.exp().sum(1), torch.ones(20))
    # a label is raised "at 0.5" where its probability is above one half: for p = (.6, .3, .1) the first alone
    certain = Softmax().scores(torch.tensor([[0.6, 0.3, 0.1]]).log()) > Softmax.native_cut
    assert certain.tolist() == [[True, False, False]]
