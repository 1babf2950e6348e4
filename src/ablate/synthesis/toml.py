"""Specs as TOML."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from ablate.synthesis.spec import Spec


def dumps(spec: Spec, comment: str = "") -> str:
    """What :func:`ablate.synthesis.presets.resolve` reads as the same spec; what stands at its default is left out."""
    values = spec.model_dump(exclude_defaults=True)
    blocks = values.pop("blocks", ())
    tables = {key: value for key, value in values.items() if isinstance(value, Mapping)}
    lines = [f"# {line}".rstrip() for line in comment.splitlines()]
    lines += _pairs({key: value for key, value in values.items() if key not in tables})
    for key, table in tables.items():
        lines += ["", f"[{key}]", *_pairs(table)]
    for block in blocks:
        lines += ["", "[[blocks]]", *_pairs(block)]
    return "\n".join(lines) + "\n"


def _pairs(values: Mapping[str, Any]) -> list[str]:
    return [f"{key} = {_value(value)}" for key, value in values.items() if value is not None]


def _value(value: Any) -> str:
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_value(item) for item in value) + "]"
    if isinstance(value, float):
        return repr(value)
    # JSON's strings, booleans and integers are TOML's, but for one character that TOML wants escaped
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
