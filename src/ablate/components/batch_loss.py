"""Losses of a whole document or batch, in which pairs cannot be told apart.

Where a paper sums over labels or documents, the loss here is divided by the number of labels, so that it is of the
size of a mean over pairs and the learning rate means the same. Weights multiply the terms inside a sum: weights of one
give the paper's loss.
"""

import math
from dataclasses import dataclass
from typing import Annotated

import torch
import torch.nn.functional as F
from torch import Tensor

from ablate.factors import Loss
from ablate.space import Real
from ablate.stats import LabelStats

LOG_NOTHING = -1e9
"""Logarithm of a weight of nothing: finite, so that what is not there has a gradient of zero instead of none."""

MOST = 1e4
"""Of the multiplier: at 10,000 the objective is within a ten-thousandth of its limit."""

ROUNDS = 200
"""Of the fixed point, at most."""


@dataclass(frozen=True)
class Zlpr(Loss):
    """ZLPR: log(1 + sum over absent labels of e^z) + log(1 + sum over present labels of e^-z), for each document.

    Ranks present labels above zero and absent ones below, together instead of one by one.
    """

    source = "Su et al. 2022 (ZLPR)"

    def __call__(self, logits: Tensor, targets: Tensor, weights: Tensor, stats: LabelStats) -> Tensor:
        """Mean over documents, divided by the number of labels, a scalar."""
        present, absent = _logs(weights, targets)
        rows = F.softplus((logits + absent).logsumexp(1)) + F.softplus((present - logits).logsumexp(1))  # [B]
        return rows.mean() / logits.shape[1]

    def constant(self, positive: Tensor, negative: Tensor) -> Tensor:
        """Best constant where labels occur independently and sums take their expected value, [L].

        The gradient of label c vanishes at n u / (a + u) = p / (b u + 1) with u = e^z, p and n the shares of its
        present and absent pairs, a and b the expected sums over the other labels plus one; one label gives log(p/n).
        """
        p, n = positive.double(), negative.double()
        u = p / n
        for _ in range(ROUNDS):
            a, b = 1 + (n * u).sum() - n * u, 1 + (p / u).sum() - p / u
            root = (((n - p) ** 2 + 4 * p * n * a * b).sqrt() - (n - p)) / (2 * n * b)
            before, u = u, (u * root).sqrt()  # halfway, so that labels do not overshoot together
            if torch.allclose(u, before, rtol=1e-10, atol=0):
                break
        return u.log().to(positive.dtype)


@dataclass(frozen=True)
class TwoWay(Loss):
    """Two-way: softplus(LSE of absent z + T * LSE of present -z/T), over a document's labels and a label's documents.

    LSE is log-sum-exp. Documents (labels) that lack present or absent pairs add nothing; both halves are means over
    those that have both.
    """

    source = "Kobayashi 2023 (two-way)"

    temperature: Annotated[float, Real(1.0, 8.0)] = 4.0

    def __call__(self, logits: Tensor, targets: Tensor, weights: Tensor, stats: LabelStats) -> Tensor:
        """Mean over documents plus mean over labels, divided by the number of labels, a scalar."""
        present, absent = _logs(weights, targets)
        halves = [self._half(logits, present, absent, targets, way) for way in (1, 0)]
        return (halves[0] + halves[1]) / logits.shape[1]

    def _half(self, logits: Tensor, present: Tensor, absent: Tensor, targets: Tensor, way: int) -> Tensor:
        lowest = self.temperature * (present - logits / self.temperature).logsumexp(way)
        ranked = F.softplus((logits + absent).logsumexp(way) + lowest)  # [B] or [L]; 0 where a side is missing
        both = (targets > 0).any(way) & (targets < 1).any(way)
        return (ranked * both).sum() / both.sum().clamp(min=1)

    def constant(self, positive: Tensor, negative: Tensor) -> Tensor:
        """T / (1 + T) times the log-odds, [L].

        The half over labels is blind to constants. In the other the gradient vanishes where n e^z = p e^(-z/T) up to
        factors that all labels share; moving all labels together changes nothing.
        """
        return (positive / negative).log() * self.temperature / (1 + self.temperature)


@dataclass(frozen=True)
class SoftF1(Loss):
    """sigmoidF1: 1 - mean over labels of 2tp / (2tp + fp + fn), counts over the batch with s = sigmoid(slope * z).

    Labels that a batch lacks are left out of the mean: their F1 is zero whatever is predicted.
    """

    source = "Bénédict et al. 2022 (sigmoidF1)"

    slope: Annotated[float, Real(0.5, 30.0, log=True)] = 1.0

    def __call__(self, logits: Tensor, targets: Tensor, weights: Tensor, stats: LabelStats) -> Tensor:
        """One minus the mean soft F1 of the batch, a scalar."""
        s = torch.sigmoid(self.slope * logits)
        hit, missed = (weights * targets * s).sum(0), (weights * targets * (1 - s)).sum(0)  # [L]
        false = (weights * (1 - targets) * s).sum(0)
        seen = (targets > 0).any(0)
        f1 = 2 * hit / torch.where(seen, 2 * hit + false + missed, 1).clamp(min=1e-12)
        return 1 - (f1 * seen).sum() / seen.sum().clamp(min=1)

    def constant(self, positive: Tensor, negative: Tensor) -> Tensor:
        """Zeros, [L]: of constants F1 prefers to raise a label always, which is no finite logit, so s starts at 1/2."""
        return torch.zeros_like(positive)


@dataclass(frozen=True)
class RecallAtPrecision(Loss):
    """Most recall at a precision of ``floor`` or more: min over z, max over m of (1 + m) L+ + m floor/(1 - floor) L-.

    L+ and L- are the log losses (base 2, bounds on the counts of misses and false alarms) of present and absent pairs;
    m rises by ``dual_rate`` times the violated share of the positives. Divided by 1 + m, so that it is not rescaled.
    """

    source = "Eban et al. 2017"

    floor: Annotated[float, Real(0.2, 0.9)] = 0.5
    dual_rate: Annotated[float, Real(1e-3, 1.0, log=True)] = 0.01

    def elementwise(self, logits: Tensor, targets: Tensor) -> Tensor:
        """Loss of each pair at the multiplier's start of 1, [B, L]."""
        return self._bound(logits, targets, torch.full((), 0.5, device=logits.device))

    def __call__(self, logits: Tensor, targets: Tensor, weights: Tensor, stats: LabelStats) -> Tensor:
        """Loss of a batch under the multiplier so far, a scalar; then the multiplier takes its step."""
        multiplier = stats.memory.setdefault("multiplier", torch.ones((), device=logits.device))
        loss = (weights * self._bound(logits, targets, multiplier / (1 + multiplier))).mean()
        # no more false alarms than right ones times (1 - floor) / floor, both by their bounds
        excess = self._bound(logits.detach(), targets, torch.ones_like(multiplier)).sum() - targets.sum()
        expected = (stats.positives.sum() / stats.documents * len(targets)).clamp(min=1)
        stats.memory["multiplier"] = (multiplier + self.dual_rate * excess / expected).clamp(min=0, max=MOST)
        return loss

    def _bound(self, logits: Tensor, targets: Tensor, share: Tensor) -> Tensor:
        """Misses plus ``share`` of floor / (1 - floor) times the false alarms, [B, L]."""
        odds = share * self.floor / (1 - self.floor)
        return (targets * F.softplus(-logits) + odds * (1 - targets) * F.softplus(logits)) / math.log(2)


def _logs(weights: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
    """Logarithms of the weights of present and of absent pairs, two of [B, L]."""
    present, absent = weights * targets, weights * (1 - targets)
    return present.log().clamp(min=LOG_NOTHING), absent.log().clamp(min=LOG_NOTHING)
