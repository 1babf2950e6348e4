"""Boards and shares written by hand, so that tests know what should be advised."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ablate.results.decomposition_shares import Found, Shares

DOCUMENTS = 100
NAMES = ("bread", "oven", "saffron")
POSITIVES = np.array([500, 50, 5])
ALARMS = {"at_half": 1.5, "at_budget": 2.0}


def around(mean: float, half: float = 0.01) -> dict[str, float]:
    return {"mean": mean, "low": mean - half, "high": mean + half}


def row(name: str, macro: float, rank: int | None = None, **changes: Any) -> dict[str, Any]:
    """A row of a board; ``delta`` is its macro recall against the baseline, ``better`` whether that is told."""
    delta, micro = changes.pop("delta", None), changes.pop("micro", 0.0)
    base = name == "baseline"
    return {
        "strategy": name,
        "rank": rank,
        "kind": "strategy",
        "part": "",
        "identity_of": "",
        "macro_recall_at_budget": around(macro, 0.02),
        "delta_macro": around(0.0, 0.0) if base else None if delta is None else around(delta),
        "delta_micro": around(0.0, 0.0) if base else around(micro),
        "better": None,
        "not_told_from": [] if rank else None,
        "runs": 3,
        "runs_failed": 0,
        "better_interval": None if delta is None else around(delta, 0.015),
        "costs_micro": False,
        "smallest_detectable_difference": None if base else 0.03,
        "as_deployed": {"alarms_per_document": 2.1},
        "stability": {"verdicts": {"settled": 3}},
        "measured": {"seconds": 10.0},
    } | changes


def board(rows: Sequence[Mapping[str, Any]], leader: Mapping[str, Any] | None = None) -> dict[str, Any]:
    return {
        "study": "toy",
        "dataset": {"name": "toy", "documents": 2000, "labels": len(NAMES), "train_documents": 1000},
        "budget": {"alarms_per_document": 2.0},
        "leader": leader,
        "rows": list(rows),
    }


def found(budget: Sequence[float], half: Sequence[float], documents: int = DOCUMENTS) -> Found:
    """What one run found of each label."""
    return Found(np.array([budget]), np.array([half]), np.full(len(budget), documents))


def shares(rows: Mapping[str, Found], drawn: bool = False, positives: np.ndarray = POSITIVES) -> Shares:
    body = {"test": {rule: {"alarms_per_document": alarms} for rule, alarms in ALARMS.items()}}
    runs = {name: [body] * len(kept.budget) for name, kept in rows.items()}
    return Shares(drawn, NAMES[: len(positives)], positives, runs, rows)
