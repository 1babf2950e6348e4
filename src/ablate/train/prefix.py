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

from ablate.data.tokens import spans
from ablate.encoders.base import Batch, Encoder, Tokens
from ablate.train.features import identity, sweep
from ablate.train.inputs import parts_by_length
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
        flat = torch.from_numpy(self._values[spans(self._starts[rows], lengths)])
        return Tokens(flat.to(self._device, non_blocking=True), torch.from_numpy(lengths))

    def by_length(self, rows: NDArray[np.int64], documents: int) -> list[NDArray[np.int64]]:
        """Parts with about as many tokens each, shortest documents first."""
        return parts_by_length(self._lengths[rows], documents)


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
    starts = np.cumsum(lengths) - lengths
    out = np.lib.format.open_memmap(temporary, mode="w+", dtype=np.float32, shape=(int(lengths.sum()), encoder.width))

    def keep(part: NDArray[np.int64], batch: Batch) -> None:
        tokens = encoder.prefix(batch, layers)
        out[spans(starts[part], lengths[part])] = tokens.flat.float().cpu().numpy()

    sweep(encoder, prepared, precision, keep, tick)
    out.flush()
    os.replace(temporary, path)


def _lengths(prepared: Prepared) -> NDArray[np.int64]:
    return np.minimum(prepared.lengths, prepared.max_length)


def _key(encoder: Encoder, prepared: Prepared, layers: int, precision: str) -> str:
    named = {**identity(encoder, prepared, precision), "layers": layers}
    return hashlib.sha256(json.dumps(named, sort_keys=True).encode()).hexdigest()
