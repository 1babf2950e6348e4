"""Losses other than binary cross-entropy."""

import math
from dataclasses import dataclass
from typing import Annotated, ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor

from ablate.factors import Loss
from ablate.space import Real

LOG_NOTHING = -1e9
"""Logarithm of a share of nothing: finite, so that what is not there has a gradient of zero instead of none."""


@dataclass(frozen=True)
class Focal(Loss):
    """(1 - p_t) ** gamma times cross-entropy, p_t the probability of the true class; no alpha."""

    source = "Lin et al. 2017"
    baseline_at = {"gamma": 0.0}

    gamma: Annotated[float, Real(0.5, 5.0)] = 2.0

    def elementwise(self, logits: Tensor, targets: Tensor) -> Tensor:
        """Focal loss of each pair, [B, L]; a fractional target blends the losses of presence and absence."""
        present = self._focused(logits, -logits, torch.ones_like(logits))
        absent = self._focused(logits, logits, torch.zeros_like(logits))
        return targets * present + (1 - targets) * absent

    def _focused(self, logits: Tensor, error: Tensor, target: Tensor) -> Tensor:
        # 1 - p_t is the sigmoid of the logit with the sign that makes it an error; log space keeps gradients finite
        cross_entropy = F.binary_cross_entropy_with_logits(logits, target, reduction="none")
        return torch.exp(self.gamma * F.logsigmoid(error)) * cross_entropy


@dataclass(frozen=True)
class Asymmetric(Loss):
    """ASL: (1-p) ** positive * -log p where present, q ** negative * -log(1-q) where absent, q = max(p - margin, 0).

    The paper sums over a batch; here it is a mean like every loss, so that the learning rate means the same.
    """

    source = "Ridnik et al. 2021 (ASL)"
    baseline_at = {"positive": 0.0, "negative": 0.0, "margin": 0.0}

    positive: Annotated[float, Real(0.0, 2.0)] = 0.0
    negative: Annotated[float, Real(1.0, 6.0)] = 4.0
    margin: Annotated[float, Real(0.0, 0.2)] = 0.05

    def elementwise(self, logits: Tensor, targets: Tensor) -> Tensor:
        """Asymmetric loss of each pair, [B, L]; a fractional target blends the losses of presence and absence."""
        present = -torch.exp(self.positive * F.logsigmoid(-logits)) * F.logsigmoid(logits)
        log_margin = torch.full_like(logits, math.log(self.margin) if self.margin else -math.inf)
        # log(1 - q) = log(sigmoid(-z) + margin), at most 0
        log_rest = torch.logaddexp(F.logsigmoid(-logits), log_margin).clamp(max=0)
        probability = (torch.sigmoid(logits) - self.margin).clamp(min=0)
        absent = -(probability**self.negative) * log_rest
        return targets * present + (1 - targets) * absent


@dataclass(frozen=True)
class Softmax(Loss):
    """Cross-entropy of one softmax over the labels against targets that share 1 among a document's labels.

    Right where exactly one label applies; with several the scores compete. Documents without labels add nothing.
    """

    source = "Mahajan et al. 2018"
    native_cut: ClassVar[float] = math.log(0.5)

    def elementwise(self, logits: Tensor, targets: Tensor) -> Tensor:
        """Each label's share of its document's loss, [B, L]."""
        shares = targets / targets.sum(-1, keepdim=True).clamp(min=1)
        return -shares * F.log_softmax(logits, dim=-1)

    def constant(self, positive: Tensor, negative: Tensor) -> Tensor:
        """Log of the labels' shares of all positives, [L]."""
        return torch.log(positive / positive.sum())

    def scores(self, logits: Tensor) -> Tensor:
        """Log probabilities: logits alone cannot be compared across documents, [B, L]."""
        return F.log_softmax(logits.float(), dim=-1)


@dataclass(frozen=True)
class PickAllSoftmax(Softmax):
    """Cross-entropy of one softmax over the labels, as if labels excluded each other: each label is an example.

    A document of three labels counts three times; :class:`Softmax` shares one among them. The same where every
    document has one label.
    """

    source = "Menon et al. 2019 (pick-all-labels)"

    def elementwise(self, logits: Tensor, targets: Tensor) -> Tensor:
        """-log softmax where the label is present, [B, L]."""
        return -targets * F.log_softmax(logits, dim=-1)


@dataclass(frozen=True)
class DecoupledSoftmax(Softmax):
    """-log(e^z / (e^z + sum over absent labels of e^z)) for each present label: present labels do not compete.

    Documents without labels add nothing.
    """

    source = "Gupta et al. 2024 (DEXML)"

    def elementwise(self, logits: Tensor, targets: Tensor) -> Tensor:
        """Softmax of each present label against the absent ones, [B, L]."""
        absent = logits + (1 - targets).log().clamp(min=LOG_NOTHING)
        return targets * F.softplus(absent.logsumexp(-1, keepdim=True) - logits)

    def constant(self, positive: Tensor, negative: Tensor) -> Tensor:
        """Log of the labels' shares of all positives, per absence, [L]: best where a present label is one of many."""
        return torch.log(positive / positive.sum() / negative)
