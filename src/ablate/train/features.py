"""Vectors of a wholly frozen encoder, computed once per data set and backbone."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ablate.encoders.base import Batch, Encoder
from ablate.train.inputs import TokenInputs
from ablate.train.prepared import Prepared
from ablate.train.vectors import VectorCache, Vectors

#: A feature whose deviation is below this share of the mean deviation is divided by that instead.
DEVIATION_FLOOR = 0.01

SCHEMA = 1


@dataclass(frozen=True, eq=False)
class Standardiser:
    """Mean and deviation of the training documents, [d] each, the deviation with a floor."""

    mean: NDArray[np.float32]
    deviation: NDArray[np.float32]

    @property
    def sha256(self) -> str:
        """Identity of the figures."""
        return hashlib.sha256(self.mean.tobytes() + self.deviation.tobytes()).hexdigest()

    def apply(self, vectors: Tensor) -> Tensor:
        """Standardised vectors, [N, d]."""
        mean = torch.from_numpy(self.mean).to(vectors.device)
        return (vectors - mean) / torch.from_numpy(self.deviation).to(vectors.device)


def standardiser(vectors: Tensor) -> Standardiser:
    """Fit on the vectors of the training documents, [N, d]."""
    deviation = vectors.std(0)
    floor = DEVIATION_FLOOR * deviation.mean()
    return Standardiser(vectors.mean(0).cpu().numpy(), deviation.clamp(min=float(floor) or 1.0).cpu().numpy())


def features(
    encoder: Encoder,
    prepared: Prepared,
    precision: str,
    cache: VectorCache,
    tick: Callable[[int, int], None] = lambda done, total: None,
) -> Tensor:
    """Pooled vectors of all documents, [N, d] in fp32: from the cache, or in memory where that has no room for them.

    ``tick(done, total)`` is told the documents encoded so far.
    """

    def build(out: Vectors) -> None:
        encode(encoder, prepared, precision, tick, torch.from_numpy(out))

    shape = (len(prepared.dataset.texts), encoder.width)
    found = cache.open(_key(encoder, prepared, precision), shape, build)
    return encode(encoder, prepared, precision, tick) if found is None else torch.from_numpy(found)


def encode(
    encoder: Encoder,
    prepared: Prepared,
    precision: str,
    tick: Callable[[int, int], None] = lambda done, total: None,
    out: Tensor | None = None,
) -> Tensor:
    """Pooled vectors of all documents, [N, d] in fp32 on the CPU; written to ``out`` where it is given."""
    vectors = torch.empty(len(prepared.dataset.texts), encoder.width) if out is None else out

    def keep(part: NDArray[np.int64], batch: Batch) -> None:
        vectors[torch.from_numpy(part)] = encoder.encode_pooled(batch).float().cpu()

    sweep(encoder, prepared, precision, keep, tick)
    return vectors


def sweep(
    encoder: Encoder,
    prepared: Prepared,
    precision: str,
    keep: Callable[[NDArray[np.int64], Batch], None],
    tick: Callable[[int, int], None],
) -> None:
    """Hand every document to ``keep(row numbers, batch)`` once, by length, without gradients or dropout."""
    device = next(encoder.parameters()).device
    rows = np.arange(len(prepared.dataset.texts), dtype=np.int64)
    inputs = TokenInputs(prepared.tokens, prepared.tokenizer, prepared.max_length, device)
    done = 0
    encoder.eval()
    with torch.no_grad(), torch.autocast(device.type, torch.bfloat16, enabled=precision == "bf16"):
        for part in inputs.by_length(rows, 64):
            keep(part, inputs.take(rows[part]))
            done += len(part)
            tick(done, len(rows))


def identity(encoder: Encoder, prepared: Prepared, precision: str) -> dict[str, object]:
    """What determines the output of an encoder's frozen layers."""
    return {
        "schema": SCHEMA,
        "texts": prepared.digest,
        "weights": encoder.weights_sha256,
        "tokenizer": prepared.tokenizer.key,
        "max_length": prepared.max_length,
        "precision": precision,
        "device": next(encoder.parameters()).device.type,
    }


def _key(encoder: Encoder, prepared: Prepared, precision: str) -> str:
    named = {**identity(encoder, prepared, precision), "pooling": getattr(encoder, "pooling", "own")}
    return hashlib.sha256(json.dumps(named, sort_keys=True).encode()).hexdigest()
