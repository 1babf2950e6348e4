"""Weights of (document, label) pairs."""

from dataclasses import dataclass
from typing import Annotated

import torch
from torch import Tensor

from ablate.factors import Weighting
from ablate.space import Real
from ablate.stats import LabelStats


@dataclass(frozen=True)
class PowerWeight(Weighting):
    """Weight positives by (negatives / positives) ** power; power 1 is torch's ``pos_weight`` of N-/N+."""

    source = "King and Zeng 2001"
    baseline_at = {"power": 0.0}

    power: Annotated[float, Real(0.1, 1.0)] = 1.0

    def weights(self, targets: Tensor, stats: LabelStats) -> Tensor:
        """1 where the label is absent, the label's weight where it is present, [B, L]."""
        # a label on (almost) every document would weigh nothing, and its positives teach nothing then
        ratio = (stats.negatives / stats.positives).clamp(min=1 / stats.documents)
        return 1 + targets * (ratio**self.power - 1)


@dataclass(frozen=True)
class InverseWeight(Weighting):
    """Weight positives by negatives / positives: every label's two classes weigh the same in total."""

    source = "King and Zeng 2001"

    def weights(self, targets: Tensor, stats: LabelStats) -> Tensor:
        """As :class:`PowerWeight` at power 1, [B, L]."""
        return PowerWeight(1.0).weights(targets, stats)


@dataclass(frozen=True)
class EffectiveNumber(Weighting):
    """Weight both classes of a label by (1 - beta) / (1 - beta ** n), scaled to mean 1 over labels."""

    source = "Cui et al. 2019"
    baseline_at = {"rest": 1.0}

    #: 1 - beta; the paper's beta are .9, .99, .999 and .9999
    rest: Annotated[float, Real(1e-5, 1e-1, log=True)] = 1e-3

    def weights(self, targets: Tensor, stats: LabelStats) -> Tensor:
        """One weight per label, [1, L]."""
        n = stats.positives.double()
        beta = torch.tensor(1 - self.rest, dtype=torch.float64, device=n.device)
        weights = self.rest / (1 - beta**n)
        return (weights / weights.mean()).to(targets.dtype)[None]
