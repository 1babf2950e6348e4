"""Where the figures come from: the machine, the versions, the commit."""

from __future__ import annotations

import os
import platform
import subprocess
from importlib import metadata
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = (
    *("ablate", "torch", "transformers", "accelerate", "optuna", "numpy", "scikit-learn", "torchmetrics"),
    "iterative-stratification",
)


def machine() -> dict[str, Any]:
    """Processor, cores, capability, memory; never a host's name."""
    import torch

    from ablate.train.device import cores, precision, processor, threads

    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    found: dict[str, Any] = {
        "processor": processor(torch.device("cpu")).rpartition(", ")[0],
        "cores": cores(),
        "threads": threads(),
        "capability": torch.backends.cpu.get_cpu_capability(),
        "memory_gib": memory_gib(),
        "precision": precision(torch.device("cpu")),
    }
    return found | ({"gpu": processor(device), "gpu_precision": precision(device)} if device.type == "cuda" else {})


def memory_gib() -> int:
    """Memory of the machine, GiB, rounded."""
    return round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30)


def versions() -> dict[str, str]:
    """Python and the packages that the ratios depend on, those that are installed."""
    found = {"python": platform.python_version()}
    for name in PACKAGES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


def commit() -> str:
    """The commit that was measured, with ``+`` where sources that are measured or that measure were changed since."""
    named = _git("rev-parse", "HEAD")
    changed = _git("status", "--porcelain", "--", "src", "benchmarks")
    return named + ("+" if named and changed else "")


def _git(*words: str) -> str:
    try:
        done = subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return ""
    return done.stdout.strip()
