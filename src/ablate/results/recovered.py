"""How much of what was possible a row reached, where the truth of the data is known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from scipy import stats

from ablate.results.arrays import Arrays
from ablate.results.record import Body

Row = dict[str, Any]
FLOOR, CEILING, BEST_MACRO = "prior-only", "bayes-ceiling", "bayes-macro-ceiling"
SURE = 1.959963984540054  # of a normal law, 95 %


def drawn_recall(finished: Sequence[Body], arrays: Sequence[Arrays]) -> dict[str, float] | None:
    """Macro recall at budget over documents drawn given each label, with its interval; None where there are none.

    The interval adds up what the seeds say (t interval) and what the documents say (binomial, label by label).
    """
    if not arrays or any("drawn_found_at_budget" not in a for a in arrays):
        return None
    documents = np.maximum(arrays[0]["drawn_documents"].astype(float), 1)
    present = arrays[0]["drawn_documents"] > 0
    recall = np.stack([a["drawn_found_at_budget"] / documents for a in arrays])[:, present]  # [runs, L]
    values = recall.mean(1)
    mean, spread = recall.mean(0), 0.0
    if len(values) > 1:
        spread = float(stats.t.ppf(0.975, len(values) - 1) * values.std(ddof=1) / np.sqrt(len(values)))
    chance = SURE * float(np.sqrt((mean * (1 - mean) / documents[present]).sum())) / mean.size
    half = float(np.hypot(spread, chance))
    middle = float(values.mean())
    return {"mean": middle, "low": max(0.0, middle - half), "high": min(1.0, middle + half)}


def recover(table: Sequence[Row]) -> None:
    """Fill in ``recovered``: the share of the way from label frequencies alone to the exact posterior, also per bucket.

    Read off documents drawn given each label, where every label counts with the same error. Rows without them, and
    boards without a ceiling, have none.
    """
    by_name = {row["strategy"]: row for row in table}
    floor, ceiling = (_macros(by_name.get(name)) for name in (FLOOR, CEILING))
    for row in table:
        row["recovered"] = _shares(_macros(row), floor, ceiling) if row["strategy"] not in (FLOOR, CEILING) else None


def above_ceiling(table: Sequence[Row]) -> list[str]:
    """Strategies whose whole interval lies above the best macro recall that the truth allows: a bug or a leak."""
    best = next((row["drawn_macro"] for row in table if row["strategy"] == BEST_MACRO), None)
    if best is None:
        return []
    others = [row for row in table if row["kind"] == "strategy" and row["drawn_macro"]]
    return [row["strategy"] for row in others if row["drawn_macro"]["low"] > best["high"]]


def _macros(row: Row | None) -> dict[str, float | None]:
    """Macro recall over all labels and in each bucket, on documents drawn given a label."""
    found: Mapping[str, Any] | None = (row or {}).get("drawn")
    if not found:
        return {}
    return {"all": found["at_budget"]["macro_recall"], **found["buckets"]}


def _shares(
    mine: Mapping[str, float | None], floor: Mapping[str, float | None], ceiling: Mapping[str, float | None]
) -> dict[str, float | None] | None:
    if not (mine and floor and ceiling):
        return None
    return {name: _share(value, floor.get(name), ceiling.get(name)) for name, value in mine.items()}


def _share(value: float | None, floor: float | None, ceiling: float | None) -> float | None:
    if value is None or floor is None or ceiling is None or ceiling <= floor:
        return None
    return (value - floor) / (ceiling - floor)
