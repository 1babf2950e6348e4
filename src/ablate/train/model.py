"""Encoder, head and bias put together as a strategy says."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ablate.encoders.base import Batch, Encoder, Layer, Tokens
from ablate.objective import Objective
from ablate.stats import LabelStats
from ablate.strategy import Strategy


class Model(nn.Module):
    """Logits [B, L] = head(features) + bias.

    ``encoder`` is None where the input already is the vector of a frozen encoder; ``prefix`` is the number of
    layers that inputs which come as :class:`Tokens` went through before.
    """

    def __init__(
        self, encoder: Encoder | None, head: nn.Module, reads: str, bias: Tensor, describe: Encoder, prefix: int = 0
    ) -> None:
        super().__init__()
        self.encoder = encoder
        self.head = head
        self.bias = nn.Parameter(bias)
        self._reads = reads
        self._depth = describe.depth
        self._prefix = prefix

    def features(self, inputs: Batch | Tokens | Tensor) -> Tensor | Tokens:
        """What the head reads: pooled vectors [B, d], or tokens."""
        if isinstance(inputs, Tensor):
            return inputs
        assert self.encoder is not None
        if isinstance(inputs, Tokens):
            tokens = self.encoder.resume(inputs, self._prefix)
            return self.encoder.pool(tokens) if self._reads == "pooled" else tokens
        return self.encoder.encode_pooled(inputs) if self._reads == "pooled" else self.encoder(inputs)

    def logits(self, features: object) -> Tensor:
        """Logits in fp32, [B, L]."""
        scores: Tensor = self.head(features)
        return scores.float() + self.bias

    def layers(self) -> list[tuple[Layer, list[nn.Parameter]]]:
        """Every parameter exactly once, by layer, the head last."""
        below = [] if self.encoder is None else self.encoder.layers()
        top = Layer("head", self._depth + 2, self._depth)
        return [*below, (top, [*self.head.parameters(), self.bias])]

    def replace_head(self, head: nn.Module, reads: str) -> None:
        """Put another head in place; ``reads`` is what it takes, ``"pooled"`` or ``"tokens"``."""
        self.head = head.to(self.bias.device)
        self._reads = reads


def build_model(
    strategy: Strategy, encoder: Encoder, frozen: bool, objective: Objective, stats: LabelStats, prefix: int = 0
) -> Model:
    """A model of a strategy.

    ``frozen``: its inputs are vectors, so the encoder itself stays out; ``prefix``: layers that its inputs went
    through before.
    """
    device = stats.positives.device
    head = strategy.head.build(encoder, stats)
    bias = strategy.bias.start(objective, stats).to(device, torch.float32)
    return Model(None if frozen else encoder, head, strategy.head.reads, bias.clone(), encoder, prefix).to(device)


def groups(model: Model, strategy: Strategy, published: float) -> list[dict[str, object]]:
    """Parameter groups: each parameter once, one rate per layer, no decay on vectors (biases, norms)."""
    out: list[dict[str, object]] = []
    for layer, parameters in model.layers():
        rate = published * strategy.optimizer.rate(layer)
        decay = strategy.optimizer.weight_decay
        for matrices, share in ((True, decay), (False, 0.0)):
            part = [p for p in parameters if (p.ndim > 1) is matrices]
            if part:
                out.append({"params": part, "lr": rate, "peak": rate, "weight_decay": share, "layer": layer.name})
    return out


def set_trainable(model: Model, strategy: Strategy, progress: float) -> None:
    """Freeze and unfreeze layers; a frozen encoder layer neither trains nor drops out."""
    for layer, parameters in model.layers():
        wanted = strategy.freezing.trainable(layer, progress)
        for parameter in parameters:
            parameter.requires_grad_(wanted)
            if not wanted:
                parameter.grad = None


def set_mode(model: Model) -> None:
    """Training mode, but for the encoder modules whose parameters are all frozen."""
    model.train()
    if model.encoder is None:
        return
    for module in model.encoder.modules():
        parameters = list(module.parameters())
        if parameters and not any(p.requires_grad for p in parameters):
            module.eval()
