"""Losses of a whole document or batch: their formulas longhand, what they are blind to, and their best constants."""

import itertools
import math

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from longhand import STATS, double, random_batch, value_and_gradient
from scipy.optimize import minimize

from ablate.components.batch_loss import RecallAtPrecision, SoftF1, TwoWay, Zlpr
from ablate.components.loss import DecoupledSoftmax, PickAllSoftmax, Softmax
from ablate.factors import Loss
from ablate.stats import LabelStats

WHOLE = [Zlpr(), TwoWay(), SoftF1(), RecallAtPrecision(), DecoupledSoftmax(), PickAllSoftmax(), Softmax()]
EVERY = pytest.mark.parametrize("loss", WHOLE, ids=lambda loss: type(loss).__name__)


def of_batch(loss, targets, weights=None, stats=None):
    weights = torch.ones_like(targets) if weights is None else weights
    return lambda z: loss(z, targets, weights, stats or double())


def log_sum_exp(values):
    """Plainly, with infinity's minus for no value at all."""
    return torch.log(sum(torch.exp(value) for value in values)) if values else torch.tensor(-math.inf)


def split(row, marks):
    present = [value for value, mark in zip(row, marks, strict=True) if mark > 0]
    return present, [value for value, mark in zip(row, marks, strict=True) if mark == 0]


def test_zlpr_follows_the_formula_of_the_paper_in_values_and_gradients():
    logits, targets = random_batch()

    def longhand(z):
        total = 0
        for row, marks in zip(z, targets, strict=True):
            present, absent = split(row, marks)
            total = total + torch.log(1 + sum(torch.exp(v) for v in absent))
            total = total + torch.log(1 + sum(torch.exp(-v) for v in present))
        return total / targets.numel()

    found = value_and_gradient(of_batch(Zlpr(), targets), logits)
    torch.testing.assert_close(found, value_and_gradient(longhand, logits))


def test_zlpr_of_one_label_is_cross_entropy():
    logits, targets = random_batch(labels=2)
    logits, targets = logits[:, :1], targets[:, :1]
    found = value_and_gradient(of_batch(Zlpr(), targets), logits)
    plain = value_and_gradient(of_batch(Loss(), targets), logits)
    torch.testing.assert_close(found, plain)


@pytest.mark.parametrize("temperature", [1.0, 4.0])
def test_two_way_follows_the_formula_of_the_paper_in_values_and_gradients(temperature):
    logits, targets = random_batch()
    logits = torch.cat([logits, logits[:2] + 1])
    targets = torch.cat([targets, torch.tensor([[1.0, 1, 1, 1], [0, 0, 0, 0]]).double()])  # these two lack a side

    def half(z, marks):
        terms = []
        for row, of_row in zip(z, marks, strict=True):
            present, absent = split(row, of_row)
            if present and absent:
                lowest = temperature * log_sum_exp([-v / temperature for v in present])
                terms.append(F.softplus(log_sum_exp(absent) + lowest))
        return sum(terms) / len(terms)

    def longhand(z):
        return (half(z, targets) + half(z.T, targets.T)) / 4

    found = value_and_gradient(of_batch(TwoWay(temperature), targets), logits)
    torch.testing.assert_close(found, value_and_gradient(longhand, logits))


def test_soft_f1_follows_the_formula_of_the_paper_in_values_and_gradients():
    logits, targets = random_batch()
    targets[:, 3] = 0  # a label that the batch lacks

    def longhand(z):
        s = torch.sigmoid(2 * z)
        f1 = []
        for label in range(3):
            y, p = targets[:, label], s[:, label]
            tp, fp, fn = (y * p).sum(), ((1 - y) * p).sum(), (y * (1 - p)).sum()
            f1.append(2 * tp / (2 * tp + fp + fn))
        return 1 - sum(f1) / 3

    found = value_and_gradient(of_batch(SoftF1(slope=2.0), targets), logits)
    torch.testing.assert_close(found, value_and_gradient(longhand, logits))


def test_soft_f1_of_certain_predictions_is_the_f1_of_scikit_learn():
    from sklearn.metrics import f1_score

    logits, targets = random_batch()
    guess = (logits > 0).numpy()
    loss = SoftF1(slope=1000.0)(logits, targets, torch.ones_like(targets), double())
    assert float(loss) == pytest.approx(1 - f1_score(targets.numpy(), guess, average="macro"))


def test_recall_at_precision_follows_the_lagrangian_of_the_paper_in_values_and_gradients():
    logits, targets = random_batch()
    stats, floor, multiplier = double(), 0.8, 3.0
    stats.memory["multiplier"] = torch.tensor(multiplier).double()

    def longhand(z):
        misses = (targets * torch.log1p(torch.exp(-z)) / math.log(2)).sum()
        alarms = ((1 - targets) * torch.log1p(torch.exp(z)) / math.log(2)).sum()
        lagrangian = (1 + multiplier) * misses + multiplier * floor / (1 - floor) * alarms
        return lagrangian / (1 + multiplier) / targets.numel()

    found = value_and_gradient(of_batch(RecallAtPrecision(floor=floor), targets, stats=stats), logits)
    torch.testing.assert_close(found, value_and_gradient(longhand, logits))


def test_the_multiplier_rises_while_the_floor_is_missed_and_falls_while_it_is_kept():
    def after(logits):
        stats = double()
        targets = torch.tensor([[1.0, 0, 0, 0]]).double()
        RecallAtPrecision(floor=0.5, dual_rate=0.1)(logits, targets, torch.ones(1, 4), stats)
        return float(stats.memory["multiplier"])

    # undecided: 4 bounds of log2(2) = 1 against 1 positive, of (50 + 20 + 5 + 1)/100 = .76, at least 1, expected
    assert after(torch.zeros(1, 4).double()) == pytest.approx(1 + 0.1 * (4 - 1) / 1)
    # certain and right: no bound at all against 1 positive
    assert after(torch.tensor([[40.0, -40, -40, -40]]).double()) == pytest.approx(1 - 0.1)


def test_the_multiplier_stays_between_zero_and_its_cap():
    stats, loss = double(), RecallAtPrecision(dual_rate=1.0)
    for logit, target, end in ((1e4, 0.0, 1e4), (40.0, 1.0, 0.0)):  # all false alarms, then all found
        stats.memory["multiplier"] = torch.tensor(2.0).double()
        for _ in range(3):
            loss(torch.full((1, 4), logit).double(), torch.full((1, 4), target).double(), torch.ones(1, 4), stats)
        assert float(stats.memory["multiplier"]) == end


def test_runs_do_not_share_a_multiplier():
    loss, (logits, targets) = RecallAtPrecision(), random_batch()
    one, other = double(), double()
    loss(logits, targets, torch.ones_like(targets), one)
    assert "multiplier" in one.memory
    assert other.memory == {}


def test_the_decoupled_softmax_follows_the_formula_of_the_paper_in_values_and_gradients():
    logits, targets = random_batch()

    def longhand(z):
        total = 0
        for row, marks in zip(z, targets, strict=True):
            present, absent = split(row, marks)
            rest = sum(torch.exp(v) for v in absent)
            total = total + sum(-torch.log(torch.exp(v) / (torch.exp(v) + rest)) for v in present)
        return total / targets.numel()

    found = value_and_gradient(of_batch(DecoupledSoftmax(), targets), logits)
    torch.testing.assert_close(found, value_and_gradient(longhand, logits))


@pytest.mark.parametrize("loss", [DecoupledSoftmax(), PickAllSoftmax()], ids=lambda loss: type(loss).__name__)
def test_every_softmax_is_torchs_where_documents_have_one_label(loss):
    logits, _ = random_batch()
    chosen = torch.arange(20) % 4
    targets = F.one_hot(chosen, 4).double()
    ours = value_and_gradient(of_batch(loss, targets), logits)
    theirs = value_and_gradient(lambda z: F.cross_entropy(z, chosen) / 4, logits)
    torch.testing.assert_close(ours, theirs)


def test_each_label_of_a_document_is_an_example_of_its_own_to_pick_all():
    # equal scores of four labels: each of two labels costs log 4
    targets = torch.tensor([[1.0, 0.0, 1.0, 0.0]])
    torch.testing.assert_close(PickAllSoftmax().elementwise(torch.zeros(1, 4), targets), targets * math.log(4))


def test_present_labels_do_not_compete_in_the_decoupled_softmax():
    # z = (9, 0, 0, 0), the first two present: the second is up against the two absent alone, log(1 + 2)
    found = DecoupledSoftmax().elementwise(torch.tensor([[9.0, 0, 0, 0]]), torch.tensor([[1.0, 1, 0, 0]]))
    torch.testing.assert_close(found[0, 1], torch.tensor(math.log(3)))


@EVERY
def test_the_order_of_documents_and_labels_does_not_matter(loss):
    logits, targets = random_batch()
    documents, labels = torch.arange(19, -1, -1), torch.tensor([2, 0, 3, 1])
    stats = double()
    moved = LabelStats(stats.positives[labels], stats.documents)
    value, gradient = value_and_gradient(of_batch(loss, targets), logits)
    other = of_batch(loss, targets[documents][:, labels], stats=moved)
    found, found_gradient = value_and_gradient(other, logits[documents][:, labels])
    torch.testing.assert_close(found, value)
    torch.testing.assert_close(found_gradient, gradient[documents][:, labels])


@EVERY
def test_a_positive_of_weight_two_counts_as_two(loss):
    """Weights act inside the sums: a heavier positive pulls its own logit up more."""
    logits, targets = random_batch()
    weights = torch.ones_like(targets)
    weights[0, 1] = 2.0  # present in document 0
    assert targets[0, 1] == 1
    plain = value_and_gradient(of_batch(loss, targets), logits)[1]
    heavy = value_and_gradient(of_batch(loss, targets, weights), logits)[1]
    assert heavy[0, 1] < plain[0, 1] < 0


@EVERY
@pytest.mark.parametrize("targets", [torch.zeros(3, 4), torch.ones(3, 4), torch.ones(1, 1)], ids=["none", "all", "one"])
def test_batches_of_one_kind_give_finite_losses_and_gradients_even_where_logits_are_huge(loss, targets):
    for size in (0.0, 1.0, 1e4):
        logits = size * torch.linspace(-1, 1, targets.numel()).reshape(targets.shape)
        stats = LabelStats(torch.ones(targets.shape[1]), 10)
        value, gradient = value_and_gradient(of_batch(loss, targets, stats=stats), logits)
        assert torch.isfinite(value)
        assert torch.isfinite(gradient).all()


@EVERY
def test_a_weight_of_a_million_is_finite_in_fp32(loss):
    logits, targets = random_batch()
    weights = (1 + targets * (1e6 - 1)).float()
    value, gradient = value_and_gradient(of_batch(loss, targets.float(), weights, STATS), logits.float())
    assert torch.isfinite(value)
    assert torch.isfinite(gradient).all()
    assert (gradient != 0).any()


@EVERY
def test_a_fractional_target_lies_between_absence_and_presence(loss):
    logits, targets = random_batch()
    values = []
    for share in (0.0, 0.5, 1.0):
        mixed = targets.clone()
        mixed[0, 2] = share
        values.append(float(value_and_gradient(of_batch(loss, mixed), logits)[1][0, 2]))
    assert values[2] <= values[1] <= values[0]


PRIOR = torch.tensor([0.15, 0.05, 0.02, 0.01], dtype=torch.float64)
SETS = torch.tensor(list(itertools.product([0.0, 1.0], repeat=4)), dtype=torch.float64)
CHANCE = (PRIOR * SETS + (1 - PRIOR) * (1 - SETS)).prod(1)


def expected(loss, constants):
    """Loss of constant logits over all 16 sets of four independent labels, one document at a time."""
    stats = LabelStats(100 * PRIOR, 100)
    one = torch.ones(1, 4)
    return sum(p * loss(constants[None], y[None], one, stats) for p, y in zip(CHANCE, SETS, strict=True))


def lowest(loss):
    """The lowest expected loss of any constants, by brute force."""

    def with_gradient(values):
        z = torch.tensor(values).requires_grad_()
        total = expected(loss, z)
        total.backward()
        return float(total.detach()), z.grad.numpy()

    return minimize(with_gradient, np.zeros(4), jac=True).fun


@pytest.mark.parametrize(
    ("loss", "slack"),
    [(Zlpr(), 0.01), (TwoWay(), 0.05), (DecoupledSoftmax(), 0.01), (PickAllSoftmax(), 1e-6), (Softmax(), 0.01)],
    ids=lambda value: type(value).__name__,
)
def test_the_constant_is_all_but_the_best_for_independent_labels(loss, slack):
    found = float(expected(loss, loss.constant(PRIOR, 1 - PRIOR)))
    best = lowest(loss)
    undecided = float(expected(loss, torch.zeros(4).double()))
    assert abs(found - best) <= slack * best
    assert found - best < 0.1 * (undecided - best)


def test_the_constant_of_zlpr_with_one_label_is_the_log_odds():
    prior = torch.tensor([0.2], dtype=torch.float64)
    torch.testing.assert_close(Zlpr().constant(prior, 1 - prior), torch.logit(prior))
