"""Where the bias of each label starts."""

from dataclasses import dataclass

import torch
from torch import Tensor

from ablate.factors import Bias
from ablate.objective import Objective
from ablate.stats import LabelStats


@dataclass(frozen=True)
class ZeroBias(Bias):
    """Start every label at zero, as a freshly initialised linear layer does: the asker's model."""

    source = "PyTorch default, up to its uniform noise"

    def start(self, loss: Objective, stats: LabelStats) -> Tensor:
        """Zeros, [L]."""
        return torch.zeros_like(stats.positives)
