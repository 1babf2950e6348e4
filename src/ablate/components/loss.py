"""Losses other than binary cross-entropy."""

import math
from dataclasses import dataclass
from typing import Annotated, ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor

from ablate.factors import Loss
from ablate.space import Real


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

    def constant(self, prior: Tensor) -> Tensor:
        """Log of the labels' shares of all positives, [L]."""
        return torch.log(prior / prior.sum())

    def scores(self, logits: Tensor) -> Tensor:
        """Log probabilities: logits alone cannot be compared across documents, [B, L]."""
        return F.log_softmax(logits.float(), dim=-1)
