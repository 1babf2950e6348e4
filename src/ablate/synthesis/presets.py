"""Where specs come from: presets by name, files by path."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from ablate.errors import AblateError, near
from ablate.synthesis.spec import Spec, make

SIZES = "sizes"
"""Table of a preset's file whose tables change it: ``NAME-SIZE`` is the preset with ``[sizes.SIZE]`` laid over it."""


def resolve(name: str) -> Spec:
    """The spec of a preset or of a TOML file.

    AblateError: no such preset or file (with a near match), or a spec that cannot be.
    """
    path, size = place(name)
    values = _read(path)
    changes = values.pop(SIZES, {}).get(size, {}) if size else {}
    merged = _laid_over(_without_sizes(values), changes)
    return make(merged, name) if name.endswith(".toml") else make({**merged, "name": name}, path.name)


def place(name: str) -> tuple[Path, str]:
    """The file of a preset and its size, "" where it has none; a TOML file itself.

    AblateError: no such preset.
    """
    if name.endswith(".toml"):
        return Path(name), ""
    found = _presets().get(name)
    if found is None:
        known = tuple(_presets())
        hint = near(name, known)
        raise AblateError(f"synthetic:{name}: no such preset{hint}; give one of {', '.join(known)}, or a .toml file")
    return found


def presets() -> tuple[str, ...]:
    """Names that :func:`resolve` knows, sizes included."""
    return tuple(_presets())


@cache
def _presets() -> dict[str, tuple[Path, str]]:
    found: dict[str, tuple[Path, str]] = {}
    for path in sorted(_folder().glob("*.toml")):
        found[path.stem] = (path, "")
        found |= {f"{path.stem}-{size}": (path, size) for size in _read(path).get(SIZES, {})}
    return found


def _folder() -> Path:
    """The presets of a wheel lie in the package, those of a checkout in its folder ``synthetic``."""
    installed = Path(__file__).with_name("presets")
    return installed if installed.is_dir() else Path(__file__).parents[3] / "synthetic"


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise AblateError(f"spec '{path}' cannot be read: {error.strerror}; give a preset or a .toml file") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise AblateError(f"spec '{path}' is not TOML: {error}") from None


def _without_sizes(values: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in values.items() if key != SIZES}


def _laid_over(values: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """``values`` with the keys of ``changes``, tables merged key by key."""
    merged = dict(values)
    for key, value in changes.items():
        old = merged.get(key)
        merged[key] = _laid_over(old, value) if isinstance(old, Mapping) and isinstance(value, Mapping) else value
    return merged
