"""Learning rates that differ between layers."""

from dataclasses import dataclass
from typing import Annotated

import torch

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


@dataclass(frozen=True)
class LayerDecay(Optimizer):
    """Multiply the rate by ``decay`` with each layer further down: scale * decay ** (layers from the top)."""

    source = "Sun et al. 2019 (.95); Howard and Ruder 2018 (1 / 2.6)"
    baseline_at = {"decay": 1.0}

    decay: Annotated[float, Real(0.6, 1.0)] = 0.95

    def rate(self, layer: Layer) -> float:
        """``scale`` for the head and the top layer, less and less below."""
        return self.scale * self.decay**layer.from_top


@dataclass(frozen=True)
class AdapterRate(Optimizer):
    """Give the head and adapters a higher rate than layers of the encoder: LoRA was published with 20 times theirs."""

    source = "Hu et al. 2022 (LoRA, appendix D)"
    baseline_at = {"ratio": 1.0}

    ratio: Annotated[float, Real(1.0, 100.0, log=True)] = 20.0

    def rate(self, layer: Layer) -> float:
        """``scale``, times ``ratio`` for adapters and the head."""
        return self.scale * (self.ratio if layer.adapter or layer.is_head else 1.0)


@dataclass(frozen=True)
class ShortMemory(Optimizer):
    """AdamW that forgets the size of old gradients sooner: a spike holds the rate down for 1 / (1 - beta2) steps."""

    source = "Liu et al. 2019 (RoBERTa)"
    baseline_at = {"beta2": 0.999}

    beta2: Annotated[float, Real(0.9, 0.999)] = 0.98


@dataclass(frozen=True)
class Sgd(Optimizer):
    """Stochastic gradient descent with momentum .9 and without decay, as a control: no rescaling per parameter.

    Its rate is ``ratio`` times AdamW's: a mean over all pairs has small gradients, which AdamW divides by their size.
    """

    source = "Robbins and Monro 1951; Sutskever et al. 2013 (momentum)"

    ratio: Annotated[float, Real(1e2, 1e6, log=True)] = 1e4
    weight_decay: float = 0.0

    def rate(self, layer: Layer) -> float:
        """``scale`` times ``ratio``."""
        return self.scale * self.ratio

    def build(self, groups: list[dict[str, object]]) -> torch.optim.Optimizer:
        """The optimiser over parameter groups that carry ``params``, ``lr`` and ``weight_decay``."""
        return torch.optim.SGD(groups, momentum=0.9, fused=True)
