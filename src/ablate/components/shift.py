"""Shifts of the logits in training only."""

from dataclasses import dataclass
from typing import Annotated

import torch
from torch import Tensor

from ablate.factors import Shift
from ablate.space import Real
from ablate.stats import LabelStats


@dataclass(frozen=True)
class LogitAdjustment(Shift):
    """Train on z + tau * logit(prior), predict with z.

    With a free bias per label that starts at its best constant this is binary cross-entropy reparametrised: the
    bias absorbs the shift. It stands on the board as an identity, not as a remedy.
    """

    source = "Menon et al. 2021"
    baseline_at = {"tau": 0.0}

    tau: Annotated[float, Real(0.1, 2.0)] = 1.0

    def shift(self, logits: Tensor, targets: Tensor, stats: LabelStats) -> Tensor:
        """Logits moved by tau times the prior's log-odds, [B, L]."""
        return logits + self.tau * stats.log_odds


@dataclass(frozen=True)
class NegativeTolerant(Shift):
    """Negative-tolerant: softplus(nu - z) for present labels, softplus(slope * (z - nu)) / slope for absent ones.

    nu = kappa * log(N/n - 1) stands in for the bias that the priors ask for; ``slope`` above 1 lets the gradient of
    absent labels fade sooner, so that a rare label is not pushed down without end.
    """

    source = "Wu et al. 2020"
    baseline_at = {"kappa": 0.0, "slope": 1.0}

    kappa: Annotated[float, Real(0.01, 1.0, log=True)] = 0.05
    slope: float = 2.0

    def shift(self, logits: Tensor, targets: Tensor, stats: LabelStats) -> Tensor:
        """z - nu, stretched where the label is absent, [B, L]."""
        moved = logits + self.kappa * stats.log_odds
        return moved * torch.lerp(torch.full_like(targets, self.slope), torch.ones_like(targets), targets)

    def reweigh(self, weights: Tensor, targets: Tensor) -> Tensor:
        """Divided by the stretch, so that the loss of an absent label keeps its slope far from zero, [B, L]."""
        return weights / torch.lerp(torch.full_like(targets, self.slope), torch.ones_like(targets), targets)


@dataclass(frozen=True)
class Margin(Shift):
    """LDAM: a label has to be won by a margin of ``largest * (n / smallest n) ** (-1/4)``, the rarest by the most.

    The paper subtracts it from the logit of the true class, here from those of all present labels.
    """

    source = "Cao et al. 2019 (LDAM)"
    baseline_at = {"largest": 0.0}

    largest: Annotated[float, Real(0.1, 3.0, log=True)] = 0.5

    def shift(self, logits: Tensor, targets: Tensor, stats: LabelStats) -> Tensor:
        """z - margin where the label is present, [B, L]."""
        margin = self.largest * (stats.positives / stats.positives.min()) ** -0.25  # [L]
        return logits - targets * margin
