"""Blends of training documents."""

from dataclasses import dataclass
from typing import Annotated

import torch
from torch import Tensor

from ablate.factors import Mixer
from ablate.space import Real
from ablate.stats import LabelStats


@dataclass(frozen=True)
class Mixup(Mixer):
    """Blend each document's features and targets with another's, in one ratio from Beta(alpha, alpha) per batch.

    On the pooled vectors, as Guo, Mao and Zhang (2019) do it for text.
    """

    source = "Zhang et al. 2018; Guo, Mao and Zhang 2019"

    alpha: Annotated[float, Real(0.05, 1.0, log=True)] = 0.2

    def mix(self, features: Tensor, targets: Tensor, stats: LabelStats) -> tuple[Tensor, Tensor]:
        """Blended features [B, d] and targets [B, L]."""
        ratio = torch.distributions.Beta(self.alpha, self.alpha).sample().to(features.device, torch.float32)
        other = torch.randperm(len(features), device=features.device)
        return torch.lerp(features[other], features, ratio.to(features.dtype)), torch.lerp(
            targets[other], targets, ratio
        )
