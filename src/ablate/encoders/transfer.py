"""From the host to an accelerator without waiting for it."""

from __future__ import annotations

import torch
from torch import Tensor


def sent(tensor: Tensor, device: torch.device) -> Tensor:
    """A tensor of the CPU on ``device``: through pinned memory, since a copy from other memory is waited for."""
    return tensor if device.type == "cpu" else tensor.pin_memory().to(device, non_blocking=True)
