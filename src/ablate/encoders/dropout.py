"""Dropout whose random numbers cost next to nothing on a CPU."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

STEPS = 65_536
"""The share that is dropped is rounded to one in so many: 16 random bits decide for one element."""


class Dropout(nn.Dropout):
    """``nn.Dropout`` with a cheap source of random bits on the CPU; elsewhere the same.

    Elements are dropped independently with probability ``p``, rounded to 1/65,536, and the others scaled by the inverse
    of what is kept (Srivastava et al. 2014). The bits come from SFC64, seeded by torch's generator at every call: a
    run is a function of ``torch.manual_seed``, and restoring torch's state gives the same mask again.
    """

    def forward(self, input: Tensor) -> Tensor:
        """The input with some elements at zero, or itself outside training."""
        return dropped(input, self.p) if self.training else input


def dropped(values: Tensor, share: float) -> Tensor:
    """Values with this share of them at zero, the rest scaled up so that the expectation stays."""
    if share == 0:
        return values
    if values.device.type != "cpu":
        return F.dropout(values, share)
    return values * kept(values.shape, share, values.dtype)


def kept(shape: Sequence[int], share: float, dtype: torch.dtype) -> Tensor:
    """Zero where an element is dropped, 1 / (1 - share) elsewhere, on the CPU."""
    count, cut = prod(shape), round(share * STEPS)
    if cut == STEPS:
        return torch.zeros(*shape, dtype=dtype)
    seed = int(torch.randint(2**63 - 1, ()))
    bits = np.random.SFC64(seed).random_raw(-(-count // 4)).view(np.int16)[:count]
    stays = torch.from_numpy(bits).view(*shape) >= cut - STEPS // 2
    return stays.to(dtype).mul_(STEPS / (STEPS - cut))


def cheapen(model: nn.Module) -> None:
    """Put this dropout in the place of every ``nn.Dropout`` of a model."""
    for parent in model.modules():
        for name, child in parent.named_children():
            if type(child) is nn.Dropout:
                setattr(parent, name, Dropout(child.p))
