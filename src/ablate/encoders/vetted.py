"""What a model folder may not bring along: files and settings by which transformers loads pickles or foreign code."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ADAPTER, CONFIG, INDEX = "adapter_config.json", "config.json", "model.safetensors.index.json"


def fault(place: Path) -> str:
    """Why a folder is refused before transformers reads it, with the remedy; empty where it is not.

    transformers follows an adapter's settings to any base model and to ``adapter_model.bin``, a configuration to other
    weights and to kernels of the hub, an index to files of any kind.
    """
    if (place / ADAPTER).is_file():
        return f"{ADAPTER} makes it an adapter of another model; merge the two and write the whole with save_pretrained"
    config = _json(place / CONFIG)
    if "transformers_weights" in config:
        return f"{CONFIG} names other weights (transformers_weights); write model.safetensors with save_pretrained"
    kernel = next((value for value in _implementations(config) if "/" in value), None)
    if kernel is not None:
        return f"{CONFIG} asks for code of the hub ({kernel[:80]!r}), which is never run; delete that setting"
    index = _json(place / INDEX)
    named = index.get("weight_map")
    there = {file.name for file in place.glob("model-*.safetensors")}
    stray = next((str(file) for file in named.values() if file not in there), None) if isinstance(named, dict) else None
    if stray is not None and not (place / "model.safetensors").is_file():
        return f"{INDEX} names {stray[:80]!r}, which is no model-*.safetensors beside it; give the whole folder"
    return ""


def _json(file: Path) -> dict[str, Any]:
    """What a file holds; nothing where it is not there or no JSON, which transformers then says."""
    try:
        found = json.loads(file.read_bytes())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _implementations(config: Any) -> Iterator[str]:
    """The implementations of attention and experts that a configuration asks for, in its parts too."""
    if not isinstance(config, dict):
        return
    for key, value in config.items():
        if str(key).endswith("_implementation"):
            yield from _texts(value)
        else:
            yield from _implementations(value)


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for part in value.values():
            yield from _texts(part)
    elif isinstance(value, str):
        yield value
