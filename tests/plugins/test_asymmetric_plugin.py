"""Asymmetric loss (Ridnik et al. 2021)."""

import math

import torch
from paper import Asymmetric
from toy_run import train

from ablate.catalog import BASELINE
from ablate.factors import Loss
from ablate.strategy import Strategy
from ablate.train.evaluate import score

NEUTRAL = Asymmetric(positive=0.0, negative=0.0, margin=0.0)


def test_without_focus_and_margin_it_is_cross_entropy_in_values_and_gradients():
    targets = torch.tensor([[1.0, 0.0, 1.0, 0.0]])

    def value_and_gradient(loss):
        logits = torch.tensor([[-2.0, -1.0, 0.5, 3.0]], dtype=torch.float64, requires_grad=True)
        value = loss.elementwise(logits, targets.double())
        value.sum().backward()
        return value.detach(), logits.grad

    torch.testing.assert_close(value_and_gradient(NEUTRAL), value_and_gradient(Loss()))


def test_a_negative_below_the_margin_is_forgotten_and_one_above_it_is_focused():
    # p = .04 < .05 costs nothing; p = .25 costs .2 ** 4 * log(1 / .8) = .0016 * .2231436
    logits = torch.logit(torch.tensor([0.04, 0.25])).requires_grad_()
    loss = Asymmetric().elementwise(logits, torch.zeros(2))
    loss.sum().backward()
    torch.testing.assert_close(loss.detach(), torch.tensor([0.0, 0.0016 * 0.2231436]))
    assert logits.grad[0] == 0
    assert logits.grad[1] > 0


def test_positives_are_not_focused_by_default():
    # p = 1/4 costs log 4
    loss = Asymmetric().elementwise(torch.logit(torch.tensor([0.25])), torch.ones(1))
    torch.testing.assert_close(loss, torch.tensor([math.log(4)]))


def test_a_neutral_run_is_the_run_of_the_baseline(setting):
    ours, theirs = (train(s, setting).losses for s in (Strategy("neutral", loss=NEUTRAL), BASELINE))
    torch.testing.assert_close(torch.from_numpy(ours), torch.from_numpy(theirs), rtol=1e-3, atol=1e-4)


def test_a_model_trained_with_it_gives_positives_and_negatives_higher_probabilities(setting):
    rows = setting.prepared.rows["validation"]
    present = torch.from_numpy(setting.prepared.labels["validation"].dense()) > 0

    def probabilities(strategy):
        scores = score(train(strategy, setting).model, setting.inputs, rows, strategy.loss, setting)
        return torch.sigmoid(torch.from_numpy(scores))

    ours, theirs = probabilities(Strategy("asymmetric", loss=Asymmetric())), probabilities(BASELINE)
    assert ours[present].mean() > theirs[present].mean() + 0.05
    assert ours[~present].mean() > theirs[~present].mean() + 0.05
