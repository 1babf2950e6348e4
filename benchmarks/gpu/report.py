"""``gpu.md`` from what ``gpu.json`` holds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from benchmarks.ratios.table import quantity, reached


def markdown(found: Mapping[str, Any]) -> str:
    """A section per shape: ratios, peak memory, pieces."""
    machine = found["machine"]
    told = (
        f"GPU: {machine.get('gpu', 'none')}, {machine.get('gpu_precision', '')}; commit {found['commit'] or 'unknown'}."
    )
    packages = ", ".join(f"{name} {version}" for name, version in found["versions"].items())
    parts = ["# How fast on a GPU", f"{told}\nVersions: {packages}."]
    parts += [part for name, shape in found["shapes"].items() for part in _shape(name, shape)]
    return "\n\n".join(parts) + "\n"


def _shape(name: str, shape: Mapping[str, Any]) -> list[str]:
    rows = ["| key | ratio | goal | | note |", "|---|---|---|---|---|"]
    for key, one in shape["ratios"].items():
        verdict = "reached" if reached(key, one["value"], one["goal"]) else "**short**"
        cells = (f"`{key}`", quantity(key, one["value"]), quantity(key, one["goal"]), verdict, one["note"])
        rows.append("| " + " | ".join(cells) + " |")
    memory = ", ".join(f"{side} {count / 2**30:.2f} GiB" for side, count in shape["peak_memory_bytes"].items())
    pieces = ["| piece | value | memory |", "|---|---|---|"]
    pieces += [
        f"| {piece} | {one['value']:.3g}{one['unit']} | {_memory(one)} |" for piece, one in shape["pieces"].items()
    ]
    return [
        f"## {name}, random weights",
        "\n".join(rows),
        *([f"Peak memory of full fine-tuning: {memory}."] if memory else []),
        *(["\n".join(pieces)] if shape["pieces"] else []),
    ]


def _memory(one: Mapping[str, Any]) -> str:
    return f"{one['memory_ratio']:.2f} of the default" if "memory_ratio" in one else ""
