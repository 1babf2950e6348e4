"""Learning rates that differ between layers."""

from dataclasses import dataclass
from typing import Annotated

from ablate.encoders.base import Layer
from ablate.factors import Optimizer
from ablate.space import Real


@dataclass(frozen=True)
class HeadRate(Optimizer):
    """Give the head a higher rate than the encoder."""

    source = "Howard and Ruder 2018"
    baseline_at = {"ratio": 1.0}

    ratio: Annotated[float, Real(1.0, 1000.0, log=True)] = 10.0

    def rate(self, layer: Layer) -> float:
        """``scale``, times ``ratio`` for the head."""
        return self.scale * (self.ratio if layer.is_head else 1.0)
