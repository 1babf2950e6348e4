"""``python -m benchmarks.gpu [--out FOLDER] [--quick]``."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from ablate.results.whole import write_whole
from benchmarks.gpu.pieces import pieces
from benchmarks.gpu.report import markdown
from benchmarks.gpu.shapes import QUICK, Sizes, peak_memory, ratios
from benchmarks.ratios.case import Case, base
from benchmarks.ratios.machine import commit, machine, versions
from benchmarks.ratios.modules import QUICK as QUICK_VARIABLE

NO_CUDA = "no CUDA device: nothing was measured on a GPU, and nothing is claimed about one"
OUT = Path("results/benchmarks")


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure both shapes and the pieces on CUDA; ``--quick`` runs tiny shapes wherever it is and writes nothing."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.gpu", description="What an accelerator brings.")
    parser.add_argument("--out", type=Path, default=OUT, help=f"folder of gpu.json and gpu.md ({OUT})")
    parser.add_argument("--quick", action="store_true", help="tiny shapes on whatever device: whether everything runs")
    asked = parser.parse_args(arguments)
    if asked.quick:
        os.environ[QUICK_VARIABLE] = "1"
    elif not torch.cuda.is_available():
        print(NO_CUDA)
        return 0
    found = measured(asked.quick)
    if asked.quick:
        print(
            f"--quick on {torch.device(_device())}: everything ran; nothing was written, and no figure means anything"
        )
        return 0
    write_whole(asked.out / "gpu.md", markdown(found).encode())
    write_whole(asked.out / "gpu.json", (json.dumps(found, indent=2) + "\n").encode())
    print(markdown(found))
    return 0


def measured(quick: bool) -> dict[str, Any]:
    """Everything, by shape."""
    device = torch.device(_device())
    cases = [base("bert", device, 12 if quick else 1), base("roberta", device, 12 if quick else 1)]
    shapes = {case.backbone.model: _shape(case, QUICK if quick else Sizes()) for case in cases}
    return {"machine": machine(), "versions": versions(), "commit": commit(), "shapes": shapes}


def _shape(case: Case, sizes: Sizes) -> dict[str, Any]:
    return {
        "ratios": ratios(case, sizes),
        "peak_memory_bytes": peak_memory(case, sizes.full),
        "pieces": pieces(case, sizes.full),
    }


def _device() -> str:
    return "cuda" if torch.cuda.is_available() else "cpu"


if __name__ == "__main__":
    sys.exit(main())
