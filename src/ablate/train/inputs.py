"""What a model reads for a set of documents: tokens, or what frozen layers made of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ablate.data.tokens import TokenStore
from ablate.encoders.base import Batch, Tokenizer, Tokens
from ablate.train.device import moved

#: Numbers of vectors that are held in memory, standardised: one gigabyte.
MOST_IN_MEMORY = 250_000_000


class Inputs(Protocol):
    """Documents by row number."""

    def take(self, rows: NDArray[np.int64]) -> Batch | Tokens | Tensor:
        """Input of the named documents, on the device of the run."""
        ...

    def by_length(self, rows: NDArray[np.int64], documents: int) -> list[NDArray[np.int64]]:
        """Positions 0..len(rows) cut into parts of documents of similar length, for evaluation."""
        ...


class TokenInputs:
    """Token numbers from the memory-mapped store."""

    def __init__(self, store: TokenStore, tokenizer: Tokenizer, max_length: int, device: torch.device) -> None:
        self._store, self._tokenizer, self._max_length, self._device = store, tokenizer, max_length, device

    def take(self, rows: NDArray[np.int64]) -> Batch:
        """A batch of whole documents, special tokens added."""
        prefix, suffix = self._tokenizer.prefix, self._tokenizer.suffix
        ids, lengths = self._store.take(rows, self._max_length, prefix, suffix)
        return Batch(moved(ids, self._device), torch.from_numpy(lengths))

    def by_length(self, rows: NDArray[np.int64], documents: int) -> list[NDArray[np.int64]]:
        """Parts with about as many tokens each, shortest documents first."""
        return parts_by_length(np.minimum(self._store.lengths[rows], self._max_length), documents)


def parts_by_length(lengths: NDArray[np.int64], documents: int) -> list[NDArray[np.int64]]:
    """Positions cut into parts of at most ``documents`` documents and about 8,192 tokens, shortest first."""
    order = np.argsort(lengths, kind="stable")
    size = max(1, min(documents, 8192 // max(1, int(lengths.max(initial=1)))))
    return np.array_split(order, max(1, -(-len(order) // size)))


class FeatureInputs:
    """Vectors of a wholly frozen encoder, [N, d]: all on the device, or on disk and standardised as they are read."""

    def __init__(self, features: Tensor, standardise: Callable[[Tensor], Tensor] | None = None) -> None:
        self._features, self._standardise = features, standardise

    @classmethod
    def of(cls, vectors: Tensor, standardise: Callable[[Tensor], Tensor], device: torch.device) -> FeatureInputs:
        """Standardised at once where they fit in memory easily, else batch by batch."""
        if vectors.numel() <= MOST_IN_MEMORY:
            return cls(standardise(vectors).to(device))
        return cls(vectors, lambda part: standardise(part.to(device, non_blocking=True)))

    def take(self, rows: NDArray[np.int64]) -> Tensor:
        """Vectors of the named documents, [B, d]."""
        found = self._features[moved(rows, self._features.device)]
        return found if self._standardise is None else self._standardise(found)

    def by_length(self, rows: NDArray[np.int64], documents: int) -> list[NDArray[np.int64]]:
        """Parts in the given order: vectors have no length."""
        return np.array_split(np.arange(len(rows)), max(1, -(-len(rows) // 4096)))
