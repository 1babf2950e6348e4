"""The random generators that a run draws from, taken out and put back."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor


def states(device: torch.device) -> list[Tensor]:
    """State of torch's generator on the CPU, and of the device's own where it has one."""
    own = [torch.get_rng_state()]
    return own if device.type == "cpu" else [*own, torch.cuda.get_rng_state(device)]


def restore(device: torch.device, before: Sequence[Tensor]) -> None:
    """Put back what :func:`states` gave."""
    torch.set_rng_state(before[0])
    if device.type != "cpu":
        torch.cuda.set_rng_state(before[1], device)
