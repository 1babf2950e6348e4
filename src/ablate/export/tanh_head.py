"""Whether a classifier is what transformers' classes for classification compute: out(tanh(dense(first token)))."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from ablate.components.head import Scaled
from ablate.encoders.transformer import TransformerEncoder
from ablate.export.classifier import LOG_SOFTMAX, Classifier


@dataclass(frozen=True, eq=False)
class TanhHead:
    """Logits ``out tanh(dense x + dense_bias) + out_bias`` of the first token's vector x.

    Shapes: ``dense`` [d, d], ``dense_bias`` [d], ``out`` [L, d], ``out_bias`` [L], all fp32.
    """

    dense: Tensor
    dense_bias: Tensor
    out: Tensor
    out_bias: Tensor


@dataclass(frozen=True, eq=False)
class Affine:
    """``weight`` x + ``bias`` in fp64, in which folding loses nothing."""

    weight: Tensor
    bias: Tensor

    @classmethod
    def of(cls, linear: nn.Linear) -> Affine:
        """The values of a linear layer."""
        weight = linear.weight.detach().double()
        return cls(weight, weight.new_zeros(len(weight)) if linear.bias is None else linear.bias.detach().double())

    def after(self, mean: Tensor | None, deviation: Tensor | None) -> Affine:
        """The same on features before they are standardised."""
        if mean is None or deviation is None:
            return self
        weight = self.weight / deviation.double()
        return Affine(weight, self.bias - weight @ mean.double())

    def times(self, factor: Tensor) -> Affine:
        """With one factor for each output."""
        return Affine(self.weight * factor.double()[:, None], self.bias * factor.double())


def tanh_head(made: Classifier) -> TanhHead | str:
    """The head of a classifier in that form, or why it has none.

    A pooler (dense and tanh on the first token) under a linear head is one, and so is RoBERTa's head on the first
    token; factors per label, the biases, and what standardised the features are folded in.
    """
    encoder = made.encoder
    if not isinstance(encoder, TransformerEncoder):
        return f"it has no class for {encoder.name}"
    if made.reads == "tokens":
        return "its classes read the first token, and this head reads all of them"
    if made.scores == LOG_SOFTMAX and len(made.bias) == 1:
        return "its pipeline takes a sigmoid of a single label, and this loss a softmax"
    layers = _layers(made.head)
    if layers is None:
        return "its classes end in a linear layer, and this head is another one"
    if encoder.pooling == "pooler" and len(layers) == 1:
        out = layers[0].after(made.mean, made.deviation)
        return _head(Affine.of(encoder.model.pooler.dense), out, made.bias)
    if encoder.pooling == "first" and len(layers) == 2:
        return _head(layers[0].after(made.mean, made.deviation), layers[1], made.bias)
    pooled = {"mean": "the mean of the tokens", "first": "the first token", "pooler": "the pooler"}[encoder.pooling]
    above = "a linear layer" if len(layers) == 1 else "a tanh layer and a linear one"
    return f"its classes put one tanh layer and a linear one on the first token, and this model {above} on {pooled}"


def _head(dense: Affine, out: Affine, bias: Tensor) -> TanhHead:
    whole = out.bias + bias.detach().double()
    tensors = (dense.weight, dense.bias, out.weight, whole)
    return TanhHead(*(tensor.to(torch.float32).contiguous() for tensor in tensors))


def _layers(head: nn.Module) -> list[Affine] | None:
    """A linear layer, or two with a tanh between them; None for any other head."""
    if isinstance(head, Scaled):
        below = _layers(head.below)
        return None if below is None else [*below[:-1], below[-1].times(head.factor.detach())]
    parts = [part for part in (head if isinstance(head, nn.Sequential) else [head]) if not _idle(part)]
    if all(type(part) is nn.Linear for part in parts[::2]) and all(type(part) is nn.Tanh for part in parts[1::2]):
        return [Affine.of(part) for part in parts[::2]] if len(parts) in (1, 3) else None  # type: ignore[arg-type]
    return None


def _idle(part: nn.Module) -> bool:
    return isinstance(part, nn.Dropout | nn.Identity)
