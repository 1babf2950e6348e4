"""Asymmetric loss (ASL, Ridnik et al. 2021)."""

import math

import pytest
import torch
from longhand import random_batch, value_and_gradient

from ablate.components.loss import Asymmetric
from ablate.factors import Loss

NEUTRAL = Asymmetric(0.0, 0.0, 0.0)


def test_without_focus_and_margin_it_is_cross_entropy_in_values_and_gradients():
    logits, targets = random_batch()
    found = value_and_gradient(lambda z: NEUTRAL.elementwise(z, targets), logits)
    torch.testing.assert_close(found, value_and_gradient(lambda z: Loss().elementwise(z, targets), logits))


@pytest.mark.parametrize(("positive", "negative", "margin"), [(0.0, 4.0, 0.05), (1.0, 2.0, 0.2), (0.5, 1.0, 0.0)])
def test_it_follows_the_formula_of_the_paper_in_values_and_gradients(positive, negative, margin):
    logits, targets = random_batch()

    def longhand(z):
        p = torch.sigmoid(z)
        q = torch.clamp(p - margin, min=0)
        present = -((1 - p) ** positive) * torch.log(p)
        absent = -(q**negative) * torch.log(1 - q)
        return targets * present + (1 - targets) * absent

    found = value_and_gradient(lambda z: Asymmetric(positive, negative, margin).elementwise(z, targets), logits)
    torch.testing.assert_close(found, value_and_gradient(longhand, logits))


def test_an_absence_below_the_margin_is_forgotten():
    # sigmoid(-3) = .047 lies under .05, sigmoid(-2) = .119 above
    logits = torch.tensor([-3.0, -2.0])
    value, gradient = value_and_gradient(lambda z: Asymmetric().elementwise(z, torch.zeros(2)), logits)
    assert value[0] == gradient[0] == 0
    assert value[1] > 0
    assert gradient[1] > 0


def test_an_absence_at_three_quarters():
    # p = 3/4, q = .7: .7 ** 4 * -log(.3) = .2401 * 1.2039728
    found = Asymmetric().elementwise(torch.tensor([math.log(3.0)]), torch.zeros(1))
    torch.testing.assert_close(found, torch.tensor([0.2401 * 1.2039728]))


@pytest.mark.parametrize("loss", [NEUTRAL, Asymmetric(), Asymmetric(0.5, 1.0, 0.0)], ids=repr)
def test_gradients_stay_finite_where_the_model_is_certain_and_wrong(loss):
    logits, targets = torch.tensor([1e4, -1e4, 1e4, -1e4]), torch.tensor([0.0, 1.0, 1.0, 0.0])
    value, gradient = value_and_gradient(lambda z: loss.elementwise(z, targets), logits)
    assert torch.isfinite(value).all()
    assert torch.isfinite(gradient).all()
    assert value[1] > 1e3
