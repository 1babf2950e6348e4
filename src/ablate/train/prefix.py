"""Output of frozen bottom layers, computed once into a memory-mapped file and shared by all runs."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray

from ablate.data.tokens import spans
from ablate.encoders.base import Batch, Encoder, Tokens
from ablate.train.device import moved
from ablate.train.features import identity, sweep
from ablate.train.inputs import parts_by_length
from ablate.train.prepared import Prepared
from ablate.train.vectors import VectorCache, Vectors


class PrefixInputs:
    """Token vectors after the frozen layers, fp32 [tokens, d], by document."""

    def __init__(self, values: NDArray[np.float32], lengths: NDArray[np.int64], device: torch.device) -> None:
        self._values, self._lengths, self._device = values, lengths, device
        self._starts = np.cumsum(lengths) - lengths

    def take(self, rows: NDArray[np.int64]) -> Tokens:
        """Vectors of whole documents, end to end."""
        lengths = self._lengths[rows]
        flat = moved(self._values[spans(self._starts[rows], lengths)], self._device)
        return Tokens(flat, torch.from_numpy(lengths))

    def by_length(self, rows: NDArray[np.int64], documents: int) -> list[NDArray[np.int64]]:
        """Parts with about as many tokens each, shortest documents first."""
        return parts_by_length(self._lengths[rows], documents)


def prefix_inputs(
    encoder: Encoder,
    prepared: Prepared,
    layers: int,
    precision: str,
    cache: VectorCache,
    tick: Callable[[int, int], None] = lambda done, total: None,
) -> PrefixInputs | None:
    """Inputs after the first ``layers`` layers; None where the cache has no room for the vectors of all tokens.

    ``tick(done, total)`` is told the documents computed so far.
    """
    lengths = _lengths(prepared)
    starts = np.cumsum(lengths) - lengths

    def build(out: Vectors) -> None:
        def keep(part: NDArray[np.int64], batch: Batch) -> None:
            out[spans(starts[part], lengths[part])] = encoder.prefix(batch, layers).flat.float().cpu().numpy()

        sweep(encoder, prepared, precision, keep, tick)

    shape = (int(lengths.sum()), encoder.width)
    values = cache.open(_key(encoder, prepared, layers, precision), shape, build)
    return None if values is None else PrefixInputs(values, lengths, next(encoder.parameters()).device)


def _lengths(prepared: Prepared) -> NDArray[np.int64]:
    return np.minimum(prepared.lengths, prepared.max_length)


def _key(encoder: Encoder, prepared: Prepared, layers: int, precision: str) -> str:
    named = {**identity(encoder, prepared, precision), "layers": layers}
    return hashlib.sha256(json.dumps(named, sort_keys=True).encode()).hexdigest()
