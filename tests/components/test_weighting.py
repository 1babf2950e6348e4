"""Weights of pairs: worked examples, and the values at which each weighting is the baseline or torch's own."""

from dataclasses import dataclass, replace

import pytest
import torch

from ablate.components.weighting import EffectiveNumber, InverseWeight, PowerWeight
from ablate.factors import Loss, Sampler, Shift, Weighting
from ablate.objective import objective
from ablate.stats import LabelStats
from ablate.testing import toy_batch, toy_labels, toy_stats

STATS = LabelStats(torch.tensor([50.0, 20.0, 5.0, 1.0]), 100)
TARGETS = torch.tensor([[1.0, 0, 0, 1], [0, 1, 0, 0], [0, 0, 1, 0]])
WEIGHTINGS = [Weighting(), InverseWeight(), PowerWeight(0.5), EffectiveNumber()]


def test_inverse_weights_are_negatives_over_positives_where_the_label_is_present():
    # 50/50, 80/20, 95/5, 99/1
    ratio = torch.tensor([1.0, 4.0, 19.0, 99.0])
    expected = torch.where(TARGETS > 0, ratio, torch.ones(4))
    torch.testing.assert_close(InverseWeight().weights(TARGETS, STATS), expected)


def test_the_square_root_lies_between_no_weight_and_the_inverse():
    # sqrt(80/20) = 2, sqrt(99/1) = 9.9499
    weights = PowerWeight(0.5).weights(torch.ones(1, 4), STATS)[0]
    torch.testing.assert_close(weights, torch.tensor([1.0, 2.0, 19**0.5, 99**0.5]))


def test_power_0_is_ones():
    assert torch.equal(PowerWeight(0.0).weights(TARGETS, STATS), torch.ones(3, 4))


def test_power_1_is_the_pos_weight_of_torch_in_values_and_gradients():
    stats = LabelStats(STATS.positives.double(), 100)
    targets = TARGETS.double()
    ours = torch.linspace(-3, 3, 12, dtype=torch.float64).reshape(3, 4).requires_grad_()
    theirs = ours.detach().clone().requires_grad_()

    loss = Loss()(ours, targets, PowerWeight(1.0).weights(targets, stats), stats)
    reference = torch.nn.BCEWithLogitsLoss(pos_weight=stats.negatives / stats.positives)(theirs, targets)
    loss.backward()
    reference.backward()

    torch.testing.assert_close(loss, reference, rtol=1e-12, atol=0)
    torch.testing.assert_close(ours.grad, theirs.grad, rtol=1e-12, atol=0)


def test_a_fractional_target_weighs_in_between():
    # half of a label of weight 4: 1 + .5 * (4 - 1)
    half = torch.tensor([[0.0, 0.5, 0.0, 0.0]])
    assert InverseWeight().weights(half, STATS)[0, 1] == 2.5


def test_the_positives_of_a_label_on_every_document_still_weigh_something():
    always = LabelStats(torch.tensor([10.0]), 10)
    # no negatives at all: the ratio is taken as one tenth of a document to one
    torch.testing.assert_close(InverseWeight().weights(torch.ones(1, 1), always), torch.tensor([[0.1]]))


def test_effective_numbers_follow_the_formula_of_the_paper():
    stats = LabelStats(torch.tensor([1.0, 2.0]), 10)
    # beta = .9: (1 - .9) / (1 - .9) = 1 and (1 - .9) / (1 - .81) = 10/19; their mean is 29/38
    expected = torch.tensor([[38 / 29, 20 / 29]])
    torch.testing.assert_close(EffectiveNumber(rest=0.1).weights(torch.ones(3, 2), stats), expected)


def test_effective_numbers_weigh_both_classes_of_a_label_alike():
    weights = EffectiveNumber().weights(TARGETS, STATS).expand_as(TARGETS)
    assert torch.equal(weights[0], weights[1])
    assert len(weights[0].unique()) == 4


def test_effective_numbers_with_nothing_in_common_are_ones():
    assert torch.equal(EffectiveNumber(rest=1.0).weights(TARGETS, STATS).expand(3, 4), torch.ones(3, 4))


def test_effective_numbers_with_everything_in_common_are_inverse_frequencies():
    # as beta tends to 1, (1 - beta) / (1 - beta ** n) tends to 1 / n: 20 times the weight for 1 instead of 20
    weights = EffectiveNumber(rest=1e-9).weights(TARGETS, STATS)[0]
    torch.testing.assert_close(weights[3] / weights[1], torch.tensor(20.0))


@pytest.mark.parametrize("weighting", WEIGHTINGS, ids=repr)
def test_weights_follow_their_labels_when_the_labels_change_places(weighting):
    order = torch.tensor([2, 0, 3, 1])
    moved = replace(STATS, positives=STATS.positives[order])
    expected = weighting.weights(TARGETS, STATS).expand(3, 4)[:, order]
    found = weighting.weights(TARGETS[:, order], moved).expand(3, 4)
    torch.testing.assert_close(found, expected)


@dataclass(frozen=True)
class Million(Weighting):
    """A positive weighs a million."""

    def weights(self, targets, stats):
        return 1 + targets * (1e6 - 1)


@pytest.mark.parametrize("kind", [torch.float32, torch.bfloat16, torch.float16], ids=str)
def test_a_weight_of_a_million_loses_nothing_in_half_precision(kind):
    goal = objective(Loss(), Million(), Shift(), Sampler(), toy_labels(), toy_stats())
    _, targets = toy_batch()
    # eighths from -2.5 to 2.375 are exact in all three kinds
    exact = ((torch.arange(40) - 20) / 8).reshape(8, 5)
    logits = exact.to(kind).requires_grad_()

    loss = goal(logits, targets, toy_stats())
    loss.backward()

    assert loss == goal(exact, targets, toy_stats())
    assert loss > 1e5
    if kind != torch.float16:  # its largest number is 65504
        assert torch.isfinite(logits.grad).all()
