"""Batches as ``group_by_length`` draws them from a large training set, a few of them spread evenly over an epoch."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray


def spread(lengths: NDArray[np.int64], batch: int, count: int) -> NDArray[np.int64]:
    """Row numbers of ``count`` batches, batch after batch, [count * batch].

    Trainer's sampler sorts within 50 batches at most, and within a quarter of a small set: only an epoch of 200
    batches or more has as little padding as users see. The batches lie a stride apart, so that long and short ones
    come in proportion.
    """
    from transformers.trainer_pt_utils import get_length_grouped_indices

    order = get_length_grouped_indices(lengths.tolist(), batch, generator=torch.Generator().manual_seed(0))
    batches = np.asarray(order[: len(order) // batch * batch]).reshape(-1, batch)
    stride = len(batches) // count
    return np.asarray(batches[stride // 4 :: stride][:count].reshape(-1))
