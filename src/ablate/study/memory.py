"""What is done when memory runs out in the middle of a run: the encoder reads the batch in parts, once."""

from __future__ import annotations

import gc
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

import numpy as np
import torch

from ablate.train.device import out_of_memory
from ablate.train.setting import Setting

#: Parts that a batch is read in after memory ran out.
PARTS = 4

T = TypeVar("T")


@dataclass(frozen=True)
class Made(Generic[T]):
    """What came of a run: ``found``, with a ``note`` where it was made in parts; None with the ``reason`` where there
    was no memory for it either way.
    """

    found: T | None
    note: str = ""
    reason: str = ""


def within_memory(make: Callable[[Setting], T], setting: Setting) -> Made[T]:
    """Make a run; where memory runs out, once more with micro-batches, which give the same to rounding."""
    found, reason = _tried(make, setting)
    if found is not None:
        return Made(found)
    smaller = in_parts(setting)
    if smaller is None:
        return Made(None, reason=reason)
    free(setting.device)
    found, again = _tried(make, smaller)
    parts = f"micro-batches of {smaller.compute.micro_batch_tokens} tokens"
    if found is not None:
        return Made(found, note=f"{parts}, since memory ran out")
    free(setting.device)
    return Made(None, reason=f"{again}, with {parts} too")


def in_parts(setting: Setting) -> Setting | None:
    """The same run with at most a quarter of a batch's tokens in the encoder at once; None where none is trained.

    The tokens of a batch are those of ``batch_size`` training documents of mean length, or of a rank's share of them.
    """
    if setting.frozen:
        return None
    prepared, compute = setting.prepared, setting.compute
    lengths = np.minimum(prepared.lengths[prepared.rows["train"]], prepared.max_length)
    share = setting.batch_size / setting.ranks.size * float(lengths.mean())
    tokens = min(share, compute.micro_batch_tokens or np.inf)
    return replace(setting, compute=replace(compute, micro_batch_tokens=max(1, int(tokens / PARTS))))


def why(error: BaseException) -> str:
    """The error on one line, without addresses and advice."""
    text = " ".join(str(error).split()) or type(error).__name__
    return f"out of memory: {text[:160].removesuffix('.')}"


def _tried(make: Callable[[Setting], T], setting: Setting) -> tuple[T | None, str]:
    """What was made, or why not. The error is not kept: it holds on to all that the run had in memory."""
    try:
        return make(setting), ""
    except Exception as error:
        if not out_of_memory(error):
            raise
        return None, why(error)


def free(device: torch.device) -> None:
    """Give back what nothing holds any more."""
    gc.collect()
    if device.type == "cuda":
        torch.cuda.empty_cache()
