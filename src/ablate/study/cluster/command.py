"""``ablate worker`` at a terminal."""

from __future__ import annotations

import signal
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rich.console import Console

from ablate.study.cluster.exposed import exposed
from ablate.study.cluster.member import Order, work


def run(storage: str, study: str, own: Mapping[str, Any], out: Path | None) -> None:
    """Take runs of a study until none is left, and say which.

    A scheduler's SIGTERM stops it as Ctrl-C does: its run is given back at once.
    """
    console = Console()
    if shown := exposed(storage):
        print(shown, file=sys.stderr)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    work(
        Order(storage, study, own, str(out) if out else None),
        lambda text: console.print(text, markup=False, highlight=False, soft_wrap=True),
    )
