"""Wall-clock seconds of work that may still be on its way to a device."""

from __future__ import annotations

import time
from collections.abc import Callable

import torch


def now(device: torch.device) -> float:
    """Seconds, once the device has done all that it was given."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    return time.perf_counter()


def seconds(device: torch.device, work: Callable[[], object]) -> float:
    """Seconds that the work takes."""
    started = now(device)
    work()
    return now(device) - started


def product_flops(device: torch.device, precision: str, side: int = 1536, products: int = 20) -> float:
    """FLOP/s of ``side`` x ``side`` matrix products in a precision (``bf16`` or ``fp32``), warmed up."""
    kind = torch.bfloat16 if precision == "bf16" else torch.float32
    a, b = (torch.randn(side, side, device=device).to(kind) for _ in range(2))
    out = torch.empty(side, side, device=device, dtype=kind)

    def work() -> None:
        for _ in range(products):
            torch.mm(a, b, out=out)

    work()
    return 2 * side**3 * products / seconds(device, work)
