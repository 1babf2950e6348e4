"""Where a run is computed, and in which precision."""

from __future__ import annotations

import os
import platform
from pathlib import Path
from typing import Any

import torch
from numpy.typing import NDArray
from torch import Tensor

from ablate.errors import AblateError


def choose(wanted: str | None = None) -> torch.device:
    """The device asked for, else CUDA where there is one, else the CPU.

    Raises:
        AblateError: the device is unknown or not present.
    """
    if wanted is None:
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(wanted)
    except RuntimeError as error:
        raise AblateError(f"unknown device '{wanted}'; give cpu, cuda or cuda:0") from error
    if device.type not in ("cpu", "cuda"):
        raise AblateError(f"device '{wanted}' is not supported; give cpu, cuda or cuda:0")
    if device.type == "cuda" and (device.index or 0) >= torch.cuda.device_count():
        raise AblateError(
            f"device '{wanted}' is not there: torch {torch.__version__} sees {torch.cuda.device_count()} GPUs; "
            "give cpu, or install a torch build for your GPU with make setup TORCH='torch==...'"
        )
    return device


def precision(device: torch.device) -> str:
    """``bf16`` where the processor multiplies bf16 matrices in hardware, else ``fp32``.

    A CPU without such instructions emulates them a hundred times slower.
    """
    if device.type == "cuda":
        return "bf16" if torch.cuda.is_bf16_supported(including_emulation=False) else "fp32"
    supported = getattr(torch.ops.mkldnn, "_is_mkldnn_bf16_supported", None)
    return "bf16" if supported is not None and supported() else "fp32"


def processor(device: torch.device) -> str:
    """The kind of processor, as a person would name it."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    return f"{_cpu_name()}, {torch.backends.cpu.get_cpu_capability()}"


def moved(array: NDArray[Any], device: torch.device) -> Tensor:
    """An array on a device; to an accelerator through pinned memory, without waiting for the copy."""
    tensor = torch.from_numpy(array)
    return tensor if device.type == "cpu" else tensor.pin_memory().to(device, non_blocking=True)


def out_of_memory(error: BaseException) -> bool:
    """Whether an error says that there is no memory left: torch has a class for CUDA, and a text for a CPU."""
    if isinstance(error, MemoryError | torch.OutOfMemoryError):
        return True
    return isinstance(error, RuntimeError) and "can't allocate memory" in str(error)


def threads(wanted: int | None = None) -> int:
    """Set and return the number of threads that torch uses on the CPU."""
    if wanted is not None:
        torch.set_num_threads(wanted)
    return torch.get_num_threads()


def cores() -> int:
    """Processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _cpu_name() -> str:
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text(errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
