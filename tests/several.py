"""Processes that are started together, as torchrun would start them."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).parent.parent


def start(
    arguments: Sequence[str], size: int = 2, environment: Mapping[str, str] | None = None
) -> list[subprocess.Popen]:
    """``size`` processes of Python with these arguments, rank 0 first; what they say is piped. A warning ends them."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    together = {"WORLD_SIZE": str(size), "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port), "OMP_NUM_THREADS": "1"}
    common = {**os.environ, **together, **(environment or {})}
    return [
        subprocess.Popen(
            [sys.executable, *arguments],
            env={**common, "RANK": str(rank), "LOCAL_RANK": str(rank)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=ROOT,
        )
        for rank in range(size)
    ]


def ended(processes: Sequence[subprocess.Popen], seconds: float = 240) -> list[tuple[int, str, str]]:
    """Exit code, output and error output of each, once all have ended; none outlives this."""
    try:
        said = [process.communicate(timeout=seconds) for process in processes]
    finally:
        for process in processes:
            process.kill()
            process.wait()
    return [(process.returncode, *one) for process, one in zip(processes, said, strict=True)]
