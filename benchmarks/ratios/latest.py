"""``latest.json`` and ``latest.md``: what was measured last, whole or not at all."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ablate.results.whole import write_whole
from benchmarks.ratios.table import markdown, ordered

SAME = ("machine", "versions", "commit")


def merged(earlier: Mapping[str, Any] | None, told: Mapping[str, Any], ratios: Mapping[str, Any]) -> dict[str, Any]:
    """New ratios beside the earlier ones, where these may stand beside them."""
    kept = earlier["ratios"] if earlier and comparable(earlier, told) else {}
    together = {**kept, **ratios}
    return {**{name: told[name] for name in SAME}, "ratios": {key: together[key] for key in ordered(together)}}


def comparable(earlier: Mapping[str, Any], told: Mapping[str, Any]) -> bool:
    """Whether both were measured on one machine with one set of versions at one commit, nothing changed since."""
    known = bool(told["commit"]) and not told["commit"].endswith("+")
    return known and all(earlier.get(name) == told[name] for name in SAME)


def read(folder: Path) -> dict[str, Any] | None:
    """What stands in a folder; None where nothing does, or something that is no longer whole."""
    try:
        found = json.loads((folder / "latest.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) and {*SAME, "ratios"} <= set(found) else None


def write(folder: Path, latest: Mapping[str, Any]) -> None:
    """Both files, made before either is written; the table comes first, so that figures never stand without it."""
    table, figures = markdown(latest).encode(), (json.dumps(latest, indent=2) + "\n").encode()
    write_whole(folder / "latest.md", table)
    write_whole(folder / "latest.json", figures)
