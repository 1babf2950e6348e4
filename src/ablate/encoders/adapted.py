"""Low-rank adapters in the linear layers of an encoder (Hu et al. 2022), put there by the package peft."""

from __future__ import annotations

import copy

from torch import Tensor, nn

from ablate.encoders.base import Batch, Encoder, Layer, Tokens
from ablate.errors import AblateError

GET_PEFT = "pip install 'ablate[lora]'"

QUERY_VALUE = ("query", "value", "q", "v")
"""Last part of the names of the projections that the paper adapts, in BERT, RoBERTa and MPNet."""


class AdaptedEncoder(Encoder):
    """An encoder with adapters. Each layer is described as before, and its adapters as a layer of their own."""

    def __init__(self, encoder: Encoder, adapters: set[int]) -> None:
        super().__init__()
        self.inner, self._adapters = encoder, adapters
        self.name, self.width, self.depth = encoder.name, encoder.width, encoder.depth
        self.weights_sha256, self.tokenizer = encoder.weights_sha256, encoder.tokenizer
        self.rate, self.frozen_rate, self.max_length = encoder.rate, encoder.frozen_rate, encoder.max_length

    def layers(self) -> list[tuple[Layer, list[nn.Parameter]]]:
        """Every parameter exactly once; a layer is followed by its adapters, where it has any."""
        found: list[tuple[Layer, list[nn.Parameter]]] = []
        for layer, parameters in self.inner.layers():
            own = [p for p in parameters if id(p) in self._adapters]
            found.append((layer, [p for p in parameters if id(p) not in self._adapters]))
            if own:
                found.append((Layer(f"{layer.name} adapters", layer.index, layer.depth, adapter=True), own))
        return found

    def forward(self, batch: Batch) -> Tokens:
        """Vectors of all tokens."""
        tokens: Tokens = self.inner(batch)
        return tokens

    def pool(self, tokens: Tokens) -> Tensor:
        """One vector per document, [B, d]."""
        return self.inner.pool(tokens)

    def encode_pooled(self, batch: Batch) -> Tensor:
        """One vector per document, [B, d]."""
        return self.inner.encode_pooled(batch)


def adapt(encoder: Encoder, rank: int, alpha: float, every: bool) -> Encoder:
    """The encoder with adapters in its query and value projections, or in every linear layer.

    An encoder without such projections has them in every linear layer. At the start an adapter changes nothing.

    Raises:
        AblateError: peft is missing, or the encoder has no linear layer.
    """
    try:
        from peft import LoraConfig, inject_adapter_in_model
    except ImportError as error:
        raise AblateError(f"LoRA needs the package peft; {GET_PEFT}") from error
    names = linear_layers(encoder)
    if not names:
        raise AblateError(f"backbone '{encoder.name}' has no linear layers to adapt; LoRA needs a transformer")
    projections = [name for name in names if name.rpartition(".")[2] in QUERY_VALUE]
    before = {id(parameter) for parameter in encoder.parameters()}
    config = LoraConfig(r=rank, lora_alpha=alpha, target_modules=names if every or not projections else projections)
    inject_adapter_in_model(config, encoder)
    return AdaptedEncoder(encoder, {id(parameter) for parameter in encoder.parameters()} - before)


def merged(encoder: AdaptedEncoder) -> Encoder:
    """A copy of the encoder under the adapters with each W replaced by W + alpha/rank * B A (Hu et al. 2022)."""
    from peft.tuners.tuners_utils import BaseTunerLayer

    plain = copy.deepcopy(encoder.inner)
    for name, part in list(plain.named_modules()):
        if isinstance(part, BaseTunerLayer):
            part.merge()
            above, _, own = name.rpartition(".")
            setattr(plain.get_submodule(above), own, part.get_base_layer())
    return plain


def linear_layers(encoder: Encoder) -> list[str]:
    """Names of the linear modules in the encoder's layers, the embeddings and what stands above the layers left out."""
    layers = encoder.layers()
    inside = {id(p) for layer, parameters in layers if 0 < layer.index <= layer.depth for p in parameters}
    return [name for name, part in encoder.named_modules() if isinstance(part, nn.Linear) and id(part.weight) in inside]
