"""How the rate changes over a stage."""

import math
from dataclasses import dataclass
from typing import Annotated

from ablate.factors import Schedule
from ablate.space import Real


@dataclass(frozen=True)
class ConstantRate(Schedule):
    """Linear warm-up over the first tenth of the steps, then the full rate to the end."""

    source = "Vaswani et al. 2017 (warm-up)"

    def scale(self, progress: float) -> float:
        """Factor on every learning rate, in [0, 1]."""
        return min(1.0, progress / self.warmup) if self.warmup else 1.0


@dataclass(frozen=True)
class CosineDecay(Schedule):
    """Linear warm-up over the first tenth of the steps, then half a cosine down to zero."""

    source = "Loshchilov and Hutter 2017"

    def scale(self, progress: float) -> float:
        """Factor on every learning rate, in [0, 1]."""
        if progress < self.warmup:
            return progress / self.warmup
        return (1 + math.cos(math.pi * (progress - self.warmup) / (1 - self.warmup))) / 2


@dataclass(frozen=True)
class WarmupShare(Schedule):
    """Linear warm-up over another share of the steps, then linear decay to zero; RoBERTa's is 6 %."""

    source = "Liu et al. 2019 (RoBERTa)"
    baseline_at = {"warmup": 0.1}

    warmup: Annotated[float, Real(0.0, 0.5)] = 0.06
