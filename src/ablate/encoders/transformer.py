"""A transformer encoder of the BERT family: packed batches, and the padded path as their plain twin."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from ablate.encoders import mpnet, packed
from ablate.encoders.base import Batch, Encoder, Layer, Tokenizer, Tokens
from ablate.encoders.dropout import cheapen
from ablate.encoders.transfer import sent
from ablate.errors import AblateError, near

POOLINGS = ("auto", "pooler", "mean", "first")
"""``pooler``: tanh layer on the first token; ``mean``: mean of all tokens; ``first``: the first token as it is;
``auto``: the pooler where the model has one, else the mean."""

FROZEN_RATE = 1e-3
"""AdamW's rate for a linear head on standardised features: the default of Kingma and Ba (2015)."""

RATES = {
    # Learning rates of AdamW for fine-tuning all layers, each from the grid that its authors searched.
    "bert": 2e-5,  # {2, 3, 5}e-5: Devlin et al. 2019, appendix A.3
    "roberta": 2e-5,  # {1, 2, 3}e-5: Liu et al. 2019, table 10
    "mpnet": 2e-5,  # {1, 2, 3}e-5: Song et al. 2020, appendix
    "narrow": 5e-5,  # {3e-5, 5e-5, 1e-4, 3e-4} for BERTs below base size: Turc et al. 2019
    "other": 2e-5,
}
NARROW = 512
"""Encoders up to this width, in dimensions, take the rate of the small BERTs (MiniLM has 384)."""


class TransformerEncoder(Encoder):
    """Wraps a transformers model that has ``embeddings`` and ``encoder.layer``: BERT, RoBERTa, MPNet and their kin.

    ``pooling`` is one of :data:`POOLINGS`. A pooler that is not read is removed, so no parameter is dead. AblateError
    for other architectures, an unknown pooling, and ``pooler`` where the model has none.
    """

    model: Any

    def __init__(
        self,
        model: nn.Module,
        tokenizer: Tokenizer,
        *,
        name: str,
        weights_sha256: str,
        pooling: str = "auto",
        rate: float | None = None,
    ) -> None:
        super().__init__()
        self.name, self.weights_sha256, self.tokenizer = name, weights_sha256, tokenizer
        self.depth = len(_layers(model, name))
        self.pooling = _settle_pooling(model, pooling, name)
        self.model = model
        if self.pooling != "pooler":
            self.model.pooler = None
        config = self.model.config
        self.width = int(config.hidden_size)
        self.rate = published_rate(config.model_type, self.width) if rate is None else rate
        self.frozen_rate = FROZEN_RATE
        self.pad = config.pad_token_id or 0
        self.max_length = _positions(self.model)
        self.packs = packed.supports(self.model) or mpnet.supports(self.model)
        self._checkpointing = False
        cheapen(self.model)
        if packed.supports(self.model):
            packed.register()
            self.model.set_attn_implementation(packed.NAME)

    def layers(self) -> list[tuple[Layer, list[nn.Parameter]]]:
        """Embeddings, layers 1 to n and the pooler, where there is one; every parameter exactly once.

        Parameters that every layer reads (MPNet's relative positions) stand with the embeddings: as long as any
        layer is frozen from the bottom up, they have to be frozen too.
        """
        bodies = list(self.model.encoder.layer)
        parts: list[tuple[str, int, nn.Module]] = [
            (f"layer {index}", index, body) for index, body in enumerate(bodies, start=1)
        ]
        if self.model.pooler is not None:
            parts.append(("pooler", self.depth + 1, self.model.pooler))
        above = {id(parameter) for _, _, part in parts for parameter in part.parameters()}
        below = [parameter for parameter in self.model.parameters() if id(parameter) not in above]
        described = [(Layer(name, index, self.depth), list(part.parameters())) for name, index, part in parts]
        return [(Layer("embeddings", 0, self.depth), below), *described]

    @property
    def notes(self) -> tuple[str, ...]:
        """That batches are padded, where they are."""
        family = self.model.config.model_type
        return (
            ()
            if self.packs
            else (f"batches of {self.name} are padded: attention of the {family} family is not packed",)
        )

    def compute(self, checkpointing: bool, compile: bool) -> None:
        """Compute the inside of each layer again in the backward pass; fuse each layer with ``torch.compile``."""
        self._checkpointing = checkpointing
        if compile:
            for layer in self.model.encoder.layer:
                layer.compile(dynamic=True)

    def forward(self, batch: Batch) -> Tokens:
        """Vectors of all tokens: without padding where the family allows it."""
        if not self.packs:
            return self.padded(batch)
        return self._packed(batch, 0, self.depth)

    @property
    def splits(self) -> bool:
        """True where batches are packed."""
        return self.packs

    def prefix(self, batch: Batch, layers: int) -> Tokens:
        """Output of the embeddings and the first ``layers`` layers, packed."""
        return self._packed(batch, 0, layers)

    def resume(self, tokens: Tokens, layers: int) -> Tokens:
        """Vectors of all tokens from the output of :meth:`prefix`."""
        packing = packed.packing(tokens.lengths, tokens.flat.device)
        hidden = tokens.flat.index_select(0, packing.order)[None]
        return self._back(self._through(hidden, packing, layers, self.depth), packing, tokens.lengths)

    def _packed(self, batch: Batch, first: int, last: int) -> Tokens:
        packing = packed.packing(batch.lengths, batch.ids.device)
        positions = packing.positions + _first_position(self.model)
        ids = batch.ids.index_select(0, packing.order)[None]
        hidden: Tensor = self.model.embeddings(input_ids=ids, position_ids=positions)
        return self._back(self._through(hidden, packing, first, last), packing, batch.lengths)

    @staticmethod
    def _back(hidden: Tensor, packing: packed.Packing, lengths: Tensor) -> Tokens:
        """Documents in the order of the batch again."""
        return Tokens(hidden[0].index_select(0, packing.back), lengths)

    def _through(self, hidden: Tensor, packing: packed.Packing, first: int, last: int) -> Tensor:
        run = mpnet.runner(self.model, packing) if mpnet.supports(self.model) else packed.runner(packing)
        for layer in self.model.encoder.layer[first:last]:
            if self._checkpointing and torch.is_grad_enabled():
                hidden = checkpoint(run, layer, hidden, use_reentrant=False)
            else:
                hidden = run(layer, hidden)
        return hidden

    def padded(self, batch: Batch) -> Tokens:
        """The same by padding each document to the longest of the batch: the slow twin of :meth:`forward`."""
        shape, slots = _padding(batch)
        slots = sent(slots, batch.ids.device)
        ids = batch.ids.new_full(shape, self.pad).view(-1).index_copy(0, slots, batch.ids).view(shape)
        mask = torch.zeros_like(ids).view(-1).index_fill(0, slots, 1).view(shape)
        hidden = self.model(input_ids=ids, attention_mask=mask).last_hidden_state  # [B, S, d]
        return Tokens(hidden.reshape(-1, hidden.shape[-1]).index_select(0, slots), batch.lengths)

    def pool(self, tokens: Tokens) -> Tensor:
        """One vector per document, [B, d], by ``pooling``."""
        if self.pooling == "mean":
            return tokens.mean()
        first = tokens.first()
        if self.pooling == "first":
            return first
        pooled: Tensor = self.model.pooler(first[:, None])
        return pooled


def published_rate(family: str, width: int) -> float:
    """AdamW's rate for fine-tuning an encoder of this family (transformers' ``model_type``) and width."""
    return RATES["narrow"] if width <= NARROW else RATES.get(family, RATES["other"])


def _padding(batch: Batch) -> tuple[tuple[int, int], Tensor]:
    """Shape [B, S] of the padded batch and the place of each token in it, int64 [tokens], on the CPU."""
    longest = int(batch.lengths.max())
    mask = torch.arange(longest) < batch.lengths[:, None]
    return (len(batch.lengths), longest), mask.view(-1).nonzero().squeeze(1)


def _settle_pooling(model: nn.Module, pooling: str, name: str) -> str:
    has_pooler = getattr(model, "pooler", None) is not None
    if pooling not in POOLINGS:
        known = ", ".join(POOLINGS)
        raise AblateError(f"backbone '{name}': no pooling '{pooling}'{near(pooling, POOLINGS)}; give one of {known}")
    if pooling == "pooler" and not has_pooler:
        raise AblateError(f"backbone '{name}': its weights hold no pooler; give pooling 'mean' or 'first'")
    if pooling == "auto":
        return "pooler" if has_pooler else "mean"
    return pooling


def _layers(model: nn.Module, name: str) -> list[nn.Module]:
    layers = getattr(getattr(model, "encoder", None), "layer", None)
    if not isinstance(layers, nn.ModuleList) or not hasattr(model, "embeddings"):
        kind = type(model).__name__
        raise AblateError(f"backbone '{name}': {kind} is not of the BERT family; give a BERT, RoBERTa or MPNet model")
    return list(layers)


def _positions(model: Any) -> int | None:
    """Longest document, in tokens."""
    table: nn.Embedding | None = getattr(model.embeddings, "position_embeddings", None)
    return None if table is None else table.num_embeddings - _first_position(model)


def _first_position(model: Any) -> int:
    """Number of the first position: RoBERTa and MPNet count from the padding number + 1."""
    table: nn.Embedding | None = getattr(model.embeddings, "position_embeddings", None)
    return 0 if table is None or table.padding_idx is None else table.padding_idx + 1
