"""Weights of pairs: worked examples, and the values at which each weighting is the baseline or torch's own."""

from dataclasses import dataclass, replace

import pytest
import torch

from ablate.components.weighting import (
    BatchBalance,
    ClippedWeight,
    EffectiveNumber,
    InverseWeight,
    LogWeight,
    MeanLabelWeight,
    PowerWeight,
    RarestLabelWeight,
    RebalancedWeight,
    RecallWeight,
)
from ablate.factors import Loss, Sampler, Shift, Weighting
from ablate.objective import objective
from ablate.stats import LabelStats
from ablate.testing import toy_batch, toy_labels, toy_stats

STATS = LabelStats(torch.tensor([50.0, 20.0, 5.0, 1.0]), 100)
TARGETS = torch.tensor([[1.0, 0, 0, 1], [0, 1, 0, 0], [0, 0, 1, 0]])
WEIGHTINGS = [
    *(Weighting(), InverseWeight(), PowerWeight(0.5), EffectiveNumber(), ClippedWeight(), LogWeight(), BatchBalance()),
    *(RebalancedWeight(), RecallWeight(), RarestLabelWeight(), MeanLabelWeight()),
]
ALL_LABELS = torch.ones(1, 4)


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


def test_a_clipped_weight_lies_between_one_and_its_cap():
    # 50/50, 80/20, 95/5 and 99/1; the first is 1 already, the last above the cap
    torch.testing.assert_close(ClippedWeight(cap=50).weights(ALL_LABELS, STATS), torch.tensor([[1.0, 4, 19, 50]]))
    # a label on 9 documents of 10 weighs 1, not 1/9
    common = LabelStats(torch.tensor([9.0]), 10)
    assert ClippedWeight().weights(torch.ones(1, 1), common) == 1


def test_a_cap_of_a_million_clips_nothing_below_it():
    stats = LabelStats(torch.tensor([1.0, 1.0]), 10**6 + 1)
    assert ClippedWeight(cap=1e6).weights(torch.ones(1, 2), stats).tolist() == [[1e6, 1e6]]
    ratio = InverseWeight().weights(ALL_LABELS, STATS)
    torch.testing.assert_close(ClippedWeight(cap=1e6).weights(ALL_LABELS, STATS), ratio)


def test_a_log_weight_grows_by_its_scale_with_every_power_of_e():
    # 1 + 2 log(50/50), 2 log(50/20), 2 log(50/5), 2 log(50/1)
    expected = torch.tensor([[1.0, 1 + 2 * 0.9162907, 1 + 2 * 2.3025851, 1 + 2 * 3.9120230]])
    torch.testing.assert_close(LogWeight(2.0).weights(ALL_LABELS, STATS), expected)


def test_the_balance_of_a_batch_is_its_own_ratio():
    # of three documents: one has each of the labels 0, 1, 2 and none has more; label 3 is on the first alone
    found = BatchBalance().weights(TARGETS, STATS)
    torch.testing.assert_close(found, torch.where(TARGETS > 0, 2.0, 1.0))
    two = torch.tensor([[1.0], [1.0], [0.0], [0.0], [0.0]])
    assert BatchBalance().weights(two, STATS)[:, 0].tolist() == [1.5, 1.5, 1, 1, 1]
    assert BatchBalance(cap=1.25).weights(two, STATS)[0, 0] == 1.25


def test_labels_that_a_batch_lacks_or_has_everywhere_weigh_one():
    assert torch.equal(BatchBalance().weights(torch.zeros(3, 4), STATS), torch.ones(3, 4))
    assert torch.equal(BatchBalance().weights(torch.ones(3, 4), STATS), torch.ones(3, 4))


def test_weights_by_recall_move_from_what_is_found_to_what_is_missed():
    stats = replace(STATS, running_recall=torch.tensor([0.9, 0.5, 0.4, 0.2]))
    # misses .1 .5 .6 .8, mean .5
    torch.testing.assert_close(RecallWeight().weights(ALL_LABELS, stats), torch.tensor([[0.2, 1.0, 1.2, 1.6]]))
    assert torch.equal(RecallWeight().weights(torch.zeros(1, 4), stats), torch.ones(1, 4))


def test_a_label_that_is_always_found_keeps_some_weight():
    stats = replace(STATS, running_recall=torch.tensor([1.0, 0.0, 0.0, 0.0]))
    # the floor of .01 against a mean of 3.01/4
    assert RecallWeight().weights(ALL_LABELS, stats)[0, 0] == pytest.approx(0.01 / 0.7525)


def test_rebalanced_weights_follow_the_formula_of_the_paper():
    # document with labels 0 and 3: drawn 1/50 + 1/1 = 1.02; r = .02/1.02, .05/1.02, .2/1.02, 1/1.02
    r = torch.tensor([0.02, 0.05, 0.2, 1.0]) / 1.02
    found = RebalancedWeight(0.1, 10.0, 0.9).weights(TARGETS[:1], STATS)[0]
    torch.testing.assert_close(found, 0.1 + 1 / (1 + torch.exp(-10 * (r - 0.9))))


def test_a_document_without_labels_has_the_limit_of_the_rebalanced_weight():
    assert RebalancedWeight(lift=0.1).weights(torch.zeros(1, 4), STATS).tolist() == [[pytest.approx(1.1)] * 4]


def test_a_document_weighs_as_its_rarest_label_or_as_its_labels_on_average():
    # square roots of 50/n: 1, sqrt 2.5, sqrt 10, sqrt 50; documents have {0, 3}, {1}, {2}
    root = [50**0.5, 2.5**0.5, 10**0.5]
    expected = torch.tensor(root) / (sum(root) / 3)
    torch.testing.assert_close(RarestLabelWeight().weights(TARGETS, STATS), expected[:, None].expand(3, 4))
    root[0] = (1 + 50**0.5) / 2
    expected = torch.tensor(root) / (sum(root) / 3)
    torch.testing.assert_close(MeanLabelWeight().weights(TARGETS, STATS), expected[:, None].expand(3, 4))


@pytest.mark.parametrize("weighting", [RarestLabelWeight(1.0), MeanLabelWeight(1.0)], ids=repr)
def test_a_document_without_labels_counts_as_one_of_the_most_frequent_label(weighting):
    frequent = torch.tensor([[1.0, 0, 0, 0]])
    batch = torch.cat([torch.zeros(1, 4), frequent, TARGETS])
    weights = weighting.weights(batch, STATS)
    assert torch.equal(weights[0], weights[1])
    assert weights[0, 0] < weights[2, 0]


@pytest.mark.parametrize(
    ("weighting", "neutral"),
    [(w, replace(w, **w.baseline_at)) for w in WEIGHTINGS if w.baseline_at],
    ids=lambda value: type(value).__name__,
)
def test_a_weighting_at_its_neutral_value_is_ones(weighting, neutral):
    stats = replace(STATS, running_recall=torch.tensor([0.9, 0.5, 0.4, 0.2]))
    torch.testing.assert_close(neutral.weights(TARGETS, stats).expand(3, 4), torch.ones(3, 4))
    assert not torch.equal(weighting.weights(TARGETS, stats).expand(3, 4), torch.ones(3, 4))


@pytest.mark.parametrize("weighting", WEIGHTINGS, ids=repr)
def test_weights_follow_their_documents_when_the_documents_change_places(weighting):
    order = torch.tensor([2, 0, 1])
    expected = weighting.weights(TARGETS, STATS).expand(3, 4)[order]
    torch.testing.assert_close(weighting.weights(TARGETS[order], STATS).expand(3, 4), expected)


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
