"""``python -m benchmarks.gpu [--out FOLDER] [--models bert,roberta] [--quick]``."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Literal

import torch

from ablate.results.whole import write_whole
from benchmarks.gpu.pieces import pieces
from benchmarks.gpu.report import markdown
from benchmarks.gpu.shapes import QUICK, Sizes, peak_memory, ratios
from benchmarks.ratios.case import base
from benchmarks.ratios.machine import commit, machine, versions
from benchmarks.ratios.modules import QUICK as QUICK_VARIABLE

NO_CUDA = "no CUDA device: nothing was measured on a GPU, and nothing is claimed about one"
OUT = Path("results/benchmarks")
Model = Literal["bert", "roberta"]
MODELS: tuple[Model, ...] = ("bert", "roberta")


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure both shapes and the pieces on CUDA; ``--quick`` runs tiny shapes wherever it is and writes nothing."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.gpu", description="What an accelerator brings.")
    parser.add_argument("--out", type=Path, default=OUT, help=f"folder of gpu.json and gpu.md ({OUT})")
    parser.add_argument("--models", nargs="+", choices=MODELS, default=MODELS, help="which shapes (both)")
    parser.add_argument("--quick", action="store_true", help="tiny shapes on whatever device: whether everything runs")
    asked = parser.parse_args(arguments)
    if asked.quick:
        os.environ[QUICK_VARIABLE] = "1"
    elif not torch.cuda.is_available():
        print(NO_CUDA)
        return 0
    if asked.quick:
        measured(asked.models, True, lambda _: None)
        print(
            f"--quick on {torch.device(_device())}: everything ran; nothing was written, and no figure means anything"
        )
        return 0
    print(markdown(measured(asked.models, False, lambda found: _keep(asked.out, found))))
    return 0


def measured(models: Sequence[Model], quick: bool, keep: Callable[[dict[str, Any]], None]) -> dict[str, Any]:
    """Everything, by shape; ``keep`` is told after each figure, since a lent GPU may be taken away."""
    device = torch.device(_device())
    shapes: dict[str, Any] = {}
    found = {"machine": machine(), "versions": versions(), "commit": commit(), "shapes": shapes}
    sizes = QUICK if quick else Sizes()
    for model in models:
        case = base(model, device, 12 if quick else 1)
        parts: dict[str, Iterator[tuple[str, Any]]] = {
            "ratios": ratios(case, sizes),
            "peak_memory_bytes": peak_memory(case, sizes.full),
            "pieces": pieces(case, sizes.full),
        }
        shapes[case.backbone.model] = {part: {} for part in parts}
        for part, figures in parts.items():
            for name, figure in figures:
                shapes[case.backbone.model][part][name] = figure
                keep(found)
    return found


def _keep(out: Path, found: dict[str, Any]) -> None:
    write_whole(out / "gpu.md", markdown(found).encode())
    write_whole(out / "gpu.json", (json.dumps(found, indent=2) + "\n").encode())


def _device() -> str:
    return "cuda" if torch.cuda.is_available() else "cpu"


if __name__ == "__main__":
    sys.exit(main())
