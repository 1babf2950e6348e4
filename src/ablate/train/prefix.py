"""Output of frozen bottom layers, computed once into a memory-mapped file and shared by all runs."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from ablate.encoders.base import Encoder, Tokens
from ablate.factors import Freezing
from ablate.strategy import Strategy
from ablate.train.features import identity
from ablate.train.inputs import TokenInputs, parts_by_length
from ablate.train.prepared import Prepared

#: Share of the free disk that one cache may take.
DISK_SHARE = 0.2


class PrefixInputs:
    """Token vectors after the frozen layers, fp32 [tokens, d], by document."""

    def __init__(self, values: NDArray[np.float32], lengths: NDArray[np.int64], device: torch.device) -> None:
        self._values, self._lengths, self._device = values, lengths, device
        self._starts = np.cumsum(lengths) - lengths

    def take(self, rows: NDArray[np.int64]) -> Tokens:
        """Vectors of whole documents, end to end."""
        lengths = self._lengths[rows]
        within = np.arange(int(lengths.sum())) - np.repeat(np.cumsum(lengths) - lengths, lengths)
        flat = torch.from_numpy(self._values[np.repeat(self._starts[rows], lengths) + within])
        return Tokens(flat.to(self._device, non_blocking=True), torch.from_numpy(lengths))

    def by_length(self, rows: NDArray[np.int64], documents: int) -> list[NDArray[np.int64]]:
        """Parts with about as many tokens each, shortest documents first."""
        return parts_by_length(self._lengths[rows], documents)


def frozen_layers(strategy: Strategy, encoder: Encoder) -> int | None:
    """How many layers from the bottom are never trained; None where the embeddings are, or an adapter is put in."""
    changes = [part for stage in strategy.procedure.stages() for part in stage.changes]
    levels = [strategy.freezing, *(part for part in changes if isinstance(part, Freezing))]
    if not encoder.splits or any(type(level).wrap is not Freezing.wrap for level in levels):
        return None
    moments = np.linspace(0.0, 1.0, 101)
    trained = [
        layer.index
        for layer, _ in encoder.layers()
        if any(level.trainable(layer, moment) for level in levels for moment in moments)
    ]
    lowest = min(trained, default=encoder.depth + 1)
    return None if lowest == 0 else min(lowest - 1, encoder.depth)


def fits(prepared: Prepared, encoder: Encoder) -> bool:
    """Whether the vectors of all tokens take at most a fifth of the free disk."""
    prepared.cache.mkdir(parents=True, exist_ok=True)
    needed = 4 * encoder.width * int(_lengths(prepared).sum())
    return needed <= DISK_SHARE * shutil.disk_usage(prepared.cache).free


def prefix_inputs(
    encoder: Encoder, prepared: Prepared, layers: int, precision: str, tick: Callable[[int, int], None]
) -> PrefixInputs:
    """Inputs after the first ``layers`` layers, from the cache where they are there.

    ``tick(done, total)`` is told the documents computed so far. Two processes that build the same file both write a
    file of their own and rename it; a torn one never has the final name.
    """
    device = next(encoder.parameters()).device
    lengths = _lengths(prepared)
    path = prepared.cache / "prefix" / f"{_key(encoder, prepared, layers, precision)}.npy"
    if not path.exists():
        _build(path, encoder, prepared, layers, precision, lengths, tick)
    values = np.load(path, mmap_mode="r", allow_pickle=False)
    return PrefixInputs(values, lengths, device)


def _build(
    path: Path,
    encoder: Encoder,
    prepared: Prepared,
    layers: int,
    precision: str,
    lengths: NDArray[np.int64],
    tick: Callable[[int, int], None],
) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(f".{os.getpid()}.tmp")
    device = next(encoder.parameters()).device
    inputs = TokenInputs(prepared.tokens, prepared.tokenizer, prepared.max_length, device)
    rows = np.arange(len(lengths), dtype=np.int64)
    starts = np.cumsum(lengths) - lengths
    out = np.lib.format.open_memmap(temporary, mode="w+", dtype=np.float32, shape=(int(lengths.sum()), encoder.width))
    done = 0
    encoder.eval()
    with torch.no_grad(), torch.autocast(device.type, torch.bfloat16, enabled=precision == "bf16"):
        for part in inputs.by_length(rows, 64):
            tokens = encoder.prefix(inputs.take(rows[part]), layers)
            own = lengths[part]
            within = np.arange(int(own.sum())) - np.repeat(np.cumsum(own) - own, own)
            out[np.repeat(starts[part], own) + within] = tokens.flat.float().cpu().numpy()
            done += len(part)
            tick(done, len(rows))
    out.flush()
    del out
    os.replace(temporary, path)


def _lengths(prepared: Prepared) -> NDArray[np.int64]:
    special = len(prepared.tokenizer.prefix) + len(prepared.tokenizer.suffix)
    return np.minimum(np.asarray(prepared.tokens.lengths) + special, prepared.max_length).astype(np.int64)


def _key(encoder: Encoder, prepared: Prepared, layers: int, precision: str) -> str:
    named = {**identity(encoder, prepared, precision), "layers": layers}
    return hashlib.sha256(json.dumps(named, sort_keys=True).encode()).hexdigest()
