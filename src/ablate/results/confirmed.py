"""Which confirm records of an arm count, and as what."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ablate.results.record import Body, canonical
from ablate.results.selection import selected


def confirmed(bodies: Sequence[Body]) -> tuple[list[Body], dict[str, Any] | None]:
    """The confirm records of one arm that count, one per seed, and the parameters of their configuration.

    Records of a configuration that the tuning records do not select are stale. An arm that was never tuned (a
    control, or a study without trials) counts with the configuration that has most runs.
    """
    runs = [b for b in bodies if b["identity"]["phase"] == "confirm"]
    chosen = selected(bodies)
    groups: dict[str, list[Body]] = {}
    for body in runs:
        groups.setdefault(canonical(body["identity"]["strategy"]), []).append(body)
    if chosen is not None:
        kept = groups.get(canonical(chosen.strategy), [])
        return _one_per_seed(kept), chosen.parameters
    if not groups or any(b["identity"]["phase"] == "tune" and b["kind"] == "strategy" for b in bodies):
        return [], None
    kept = groups[min(groups, key=lambda name: (-len(groups[name]), name))]
    return _one_per_seed(kept), kept[0].get("parameters")


def finished(runs: Sequence[Body]) -> list[Body]:
    """Those of some confirm records that came to an end and have figures on test."""
    return [b for b in runs if b["status"] == "finished" and b.get("test")]


def _one_per_seed(bodies: Sequence[Body]) -> list[Body]:
    by_seed = {b["identity"]["seed"]: b for b in sorted(bodies, key=lambda b: b["key"], reverse=True)}
    return [by_seed[seed] for seed in sorted(by_seed)]


def at_defaults(bodies: Sequence[Body]) -> list[Body]:
    """The confirm records of one arm's untuned configuration, one per seed; trial 0 says which that is."""
    first = next((b for b in bodies if b["identity"]["phase"] == "tune" and b.get("trial") == 0), None)
    if first is None:
        return []
    untuned = canonical(first["identity"]["strategy"])
    runs = [b for b in bodies if b["identity"]["phase"] == "confirm"]
    return _one_per_seed([b for b in runs if canonical(b["identity"]["strategy"]) == untuned])
