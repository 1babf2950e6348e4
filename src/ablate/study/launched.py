"""Whether this process is one of several that ``torchrun`` or ``accelerate launch`` has started. Imports no torch."""

from __future__ import annotations

import os


def launched() -> bool:
    """Whether ``WORLD_SIZE`` names more processes than one."""
    return os.environ.get("WORLD_SIZE", "1").strip() not in ("", "0", "1")
