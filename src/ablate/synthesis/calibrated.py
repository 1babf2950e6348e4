"""Calibrated scalars in a spec's file, and the card that says what they reached."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import tomlkit

from ablate.errors import AblateError
from ablate.synthesis.presets import SIZES, place, presets
from ablate.synthesis.spec import Spec

SUFFIX = ".card.json"


def card_path(name: str) -> Path:
    """Where the card of a preset or of a spec's file lies: beside the file, by the preset's name or the file's."""
    path, _ = place(name)
    return path.with_name((path.stem if name.endswith(".toml") else name) + SUFFIX)


def settled(text: str, size: str, scalars: Mapping[str, float], card: str) -> str:
    """The text of a spec's file with these scalars by dotted path, in the table of a size where there is one.

    All else stays as it is written; each line that is set names the card.
    """
    document = tomlkit.parse(text)
    home: Any = document
    for step in (SIZES, size) if size else ():
        home = home.setdefault(step, tomlkit.table(is_super_table=True))
    fresh = {path.split(".")[0] for path in scalars} - set(home)
    for path, value in scalars.items():
        name, key = path.split(".")
        number = tomlkit.item(value).comment(f"calibrated: {card}")
        home.setdefault(name, tomlkit.table())[key] = number
    for name in fresh:
        home[name].add(tomlkit.nl())
    return tomlkit.dumps(document).rstrip() + "\n"


def calibration(spec: Spec) -> dict[str, Any] | None:
    """The card of a preset that is calibrated, as it is now: one that was changed since, or scaled, has none.

    AblateError: the file is no card.
    """
    if spec.name not in presets():
        return None
    path = card_path(spec.name)
    try:
        values: dict[str, Any] = json.loads(path.read_text("utf-8"))
        return values if values["spec_sha256"] == spec.key else None
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise AblateError(f"{path}: not a card of a calibration ({error}); delete it or calibrate again") from None
