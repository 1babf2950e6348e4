"""Measures one module and writes its entries: ``python -m benchmarks.ratios.child MODULE FILE``."""

from __future__ import annotations

import json
import sys
from importlib import import_module
from pathlib import Path

from benchmarks.ratios.entry import check


def main(name: str, answer: str) -> None:
    """Import, measure, check, write."""
    module = import_module(name)
    Path(answer).write_text(json.dumps(check(module.measure(), module.KEYS), allow_nan=False))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
