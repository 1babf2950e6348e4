"""The JSON Schemas (draft 2020-12) of what is written and printed as JSON, shipped with the package."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any

NAMES = ("leaderboard", "leaderboards", "recommendation")


def schema(name: str) -> dict[str, Any]:
    """That of ``leaderboard.json``, of ``recommendation.json``, or of several studies side by side (``leaderboards``).

    They are closed: a field that a schema does not name is an error, so that no field comes unannounced.

    Raises:
        KeyError: there is no such schema.
    """
    if name not in NAMES:
        raise KeyError(name)
    found: dict[str, Any] = json.loads((files("ablate.results") / "schema" / f"{name}.schema.json").read_text("utf-8"))
    return found
