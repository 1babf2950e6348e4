"""The importances of a search, as its study has written them beside the records."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from ablate.results.record import Body, canonical

FILE = "importances.json"
METHOD = "functional ANOVA (Hutter et al. 2014) of balanced recall at budget on validation"
ARM = "search"


def trials_digest(bodies: Iterable[Body], arm: str) -> str:
    """sha256 of the keys of an arm's trials: importances of other trials are stale."""
    keys = sorted(b["key"] for b in bodies if b["arm"] == arm and b.get("trial") is not None)
    return hashlib.sha256(canonical(keys).encode()).hexdigest()


def importances_of(out: Path, bodies: Iterable[Body]) -> dict[str, Any]:
    """What the board says of a search's factors, under its key; empty without a search, or where the file is stale."""
    try:
        told = json.loads((out / FILE).read_bytes())
        fresh = told["trials_sha256"] == trials_digest(bodies, ARM)
        kept = {name: told[name] for name in ("method", "trials", "finished", "factors")}
    except (OSError, ValueError, KeyError, TypeError):
        return {}
    return {"importances": kept} if fresh else {}


def sentence(told: dict[str, Any]) -> str:
    """The importances as a note under the board."""
    over = f"{told['finished']} of {told['trials']} trials that finished"
    if not told["factors"]:
        return f"Importance of the factors in the search: unknown, only {over}."
    ranked = sorted(told["factors"].items(), key=lambda item: (-item[1], item[0]))
    shares = ", ".join(f"{factor} {share:.0%}" for factor, share in ranked)
    return f"Importance of the factors in the search, {told['method']}, over {over}: {shares}. It ranks no remedy."
