"""What every text encoder offers: a description of its layers, tokens in, vectors out."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from ablate.encoders.transfer import sent


@dataclass(frozen=True)
class Layer:
    """One part of a model, as its encoder describes it.

    ``index`` is 0 for the embeddings, 1..depth for the encoder's layers from the bottom, ``depth + 1`` for
    what stands above them (a pooler) and ``depth + 2`` for the head; ``adapter`` tells weights that were put beside
    those of a layer. Freezing and learning rates are functions of this value, so no remedy ever matches the name of a
    parameter.
    """

    name: str
    index: int
    depth: int
    adapter: bool = False

    @property
    def is_embedding(self) -> bool:
        """Whether this is the layer that looks tokens up."""
        return self.index == 0

    @property
    def is_head(self) -> bool:
        """Whether this is the head (its bias included)."""
        return self.index == self.depth + 2

    @property
    def from_top(self) -> int:
        """0 for the head and what stands directly under it (pooler and top layer), then 1, 2, ... downwards."""
        return max(0, self.depth - self.index)


@dataclass(frozen=True)
class Batch:
    """Token numbers of B documents end to end, special tokens included.

    Shapes: ``ids`` int64 [tokens]; ``lengths`` int64 [B] with sum = tokens, on the CPU.
    """

    ids: Tensor
    lengths: Tensor


@dataclass(frozen=True)
class Tokens:
    """Token vectors of B documents end to end.

    Shapes: ``flat`` [tokens, d]; ``lengths`` int64 [B] with sum = tokens, on the CPU.
    """

    flat: Tensor
    lengths: Tensor

    @property
    def documents(self) -> Tensor:
        """Number of the document that each token belongs to, int64 [tokens], on the device of ``flat``."""
        # Worked out on the CPU, where the lengths are, so that an accelerator need not be waited for.
        numbers = torch.repeat_interleave(torch.arange(len(self.lengths)), self.lengths)
        return sent(numbers, self.flat.device)

    def padded(self) -> tuple[Tensor, Tensor]:
        """The same as ``([B, S, d], mask [B, S])``, S the longest length; the mask is True on tokens."""
        mask = torch.arange(int(self.lengths.max())) < self.lengths[:, None]  # [B, S]
        mask = sent(mask, self.flat.device)
        out = self.flat.new_zeros((*mask.shape, self.flat.shape[-1]))
        return out.masked_scatter(mask[..., None], self.flat), mask

    def mean(self) -> Tensor:
        """Mean vector of each document, [B, d]."""
        total = self.flat.new_zeros((len(self.lengths), self.flat.shape[-1]))
        total = total.index_add(0, self.documents, self.flat)
        return total / sent(self.lengths.to(self.flat.dtype), self.flat.device)[:, None]

    def first(self) -> Tensor:
        """Vector of the first token of each document, [B, d]."""
        starts = torch.cumsum(self.lengths, 0) - self.lengths
        return self.flat.index_select(0, sent(starts, self.flat.device))


class Tokenizer(ABC):
    """Turns texts into token numbers, without special tokens.

    ``key`` identifies the definition (two tokenizers with one key give the same numbers), ``size`` is the number
    of different token numbers, ``prefix`` and ``suffix`` are the special tokens put around every document.
    """

    key: str
    size: int
    prefix: tuple[int, ...] = ()
    suffix: tuple[int, ...] = ()

    @abstractmethod
    def encode(self, texts: Sequence[str]) -> list[list[int]]:
        """Token numbers of each text, special tokens left out, not truncated."""


class Encoder(nn.Module, ABC):
    """A text encoder that describes itself.

    Attributes: ``name``; ``width`` d; ``depth`` layers between embeddings and pooler; ``weights_sha256`` of the
    pretrained weights or ``"from scratch"``; ``rate`` the published learning rate where layers of the encoder are
    trained and ``frozen_rate`` where only the head is; ``tokenizer``; ``max_length`` the longest document that it
    can read, in tokens with the special ones, or None where there is no bound; ``revision`` the commit of the hub that
    the weights came from, or None where they came from elsewhere.
    """

    name: str
    width: int
    depth: int
    weights_sha256: str
    rate: float
    frozen_rate: float
    tokenizer: Tokenizer
    max_length: int | None = None
    revision: str | None = None

    @abstractmethod
    def layers(self) -> list[tuple[Layer, list[nn.Parameter]]]:
        """Every parameter exactly once, from the embeddings upwards; a layer without parameters may be left out."""

    @abstractmethod
    def forward(self, batch: Batch) -> Tokens:
        """Vectors of all tokens."""

    @abstractmethod
    def pool(self, tokens: Tokens) -> Tensor:
        """One vector per document, [B, d], in the way that suits this encoder."""

    @property
    def notes(self) -> tuple[str, ...]:
        """What a person should know of how this encoder is computed."""
        return ()

    def compute(self, checkpointing: bool, compile: bool) -> None:
        """Choose how layers are computed; an encoder without layers has no choice."""

    @property
    def splits(self) -> bool:
        """Whether :meth:`prefix` and :meth:`resume` are there, so that frozen layers can be computed once."""
        return False

    def prefix(self, batch: Batch, layers: int) -> Tokens:
        """Output of the embeddings and the first ``layers`` layers."""
        raise TypeError(f"{self.name} cannot be split")

    def resume(self, tokens: Tokens, layers: int) -> Tokens:
        """Vectors of all tokens from the output of :meth:`prefix`."""
        raise TypeError(f"{self.name} cannot be split")

    def encode_pooled(self, batch: Batch) -> Tensor:
        """One vector per document, [B, d]: what a head reads that needs no single tokens.

        Encoders that can do it without the vectors of all tokens override this; the values stay the same.
        """
        return self.pool(self(batch))

    def set_dropout(self, share: float) -> None:
        """Set the dropout inside the encoder; encoders without any ignore it."""
        for module in self.modules():
            if isinstance(module, nn.Dropout):
                module.p = share

    def batch(self, texts: Sequence[str], max_length: int) -> Batch:
        """Tokens of a few texts, special tokens added, at most ``max_length`` each."""
        pre, post = self.tokenizer.prefix, self.tokenizer.suffix
        room = max_length - len(pre) - len(post)
        rows = [[*pre, *ids[:room], *post] for ids in self.tokenizer.encode(texts)]
        return Batch(
            torch.tensor([token for row in rows for token in row], dtype=torch.long),
            torch.tensor([len(row) for row in rows], dtype=torch.long),
        )

    def embed(self, texts: Sequence[str]) -> Tensor:
        """One vector per text, [n, d], for heads that start from label names; no gradient, no dropout."""
        device = next(self.parameters()).device
        batch = self.batch(texts, max_length=64)
        modes = {module: module.training for module in self.modules()}
        self.eval()
        with torch.no_grad():
            vectors = self.encode_pooled(Batch(batch.ids.to(device), batch.lengths))
        for module, mode in modes.items():
            module.training = mode
        return vectors
