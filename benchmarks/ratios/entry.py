"""One measured ratio: its repeats, their median, and what a reader has to know."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from statistics import median
from typing import Any

REPEATS = 3
FIELDS = ("value", "goal", "runs", "note")


def side_by_side(
    ours: Callable[[], float], theirs: Callable[[], float], repeats: int = REPEATS
) -> list[dict[str, Any]]:
    """Seconds of both in turn, so that a machine that slows down slows both: ours, theirs, ours, theirs, ..."""
    return [{"ours_seconds": ours(), "theirs_seconds": theirs()} for _ in range(repeats)]


def times_faster(runs: Sequence[Mapping[str, float]]) -> float:
    """Median over the repeats of their seconds per second of ours."""
    return median(run["theirs_seconds"] / run["ours_seconds"] for run in runs)


def entry(goal: float, runs: Sequence[Mapping[str, Any]], note: str, value: float | None = None) -> dict[str, Any]:
    """What ``measure()`` gives for a key; ``value`` is :func:`times_faster` unless given."""
    return {"value": times_faster(runs) if value is None else value, "goal": goal, "runs": list(runs), "note": note}


def check(found: Mapping[str, Any], keys: Mapping[str, float]) -> dict[str, dict[str, Any]]:
    """The entries of a module as they may be written: every key of the module, every field, finite, 3 repeats or more.

    Raises:
        ValueError: names the key and what is wrong with it.
    """
    if set(found) != set(keys):
        raise ValueError(f"measured {sorted(found)}, declared {sorted(keys)}")
    return {key: _checked(key, dict(found[key]), goal) for key, goal in keys.items()}


def _checked(key: str, one: dict[str, Any], goal: float) -> dict[str, Any]:
    missing = [field for field in FIELDS if field not in one]
    if missing:
        raise ValueError(f"{key}: no {', '.join(missing)}")
    if not math.isfinite(one["value"]) or one["value"] <= 0:
        raise ValueError(f"{key}: the ratio is {one['value']}")
    if one["goal"] != goal:
        raise ValueError(f"{key}: the goal is {one['goal']} here and {goal} in KEYS")
    if len(one["runs"]) < REPEATS:
        raise ValueError(f"{key}: {len(one['runs'])} repeats, not {REPEATS} or more")
    return {field: one[field] for field in FIELDS}
