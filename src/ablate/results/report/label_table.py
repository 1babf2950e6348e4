"""Every label under every strategy, as compact JSON for the page, and the first lines for a reader without scripts."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from ablate.results.report.material import Material

MOST = 200_000  # pairs of a label and a strategy that a page holds; more are in labels.csv
FIRST = 25  # labels that stand in the page itself


def packed(material: Material) -> dict[str, Any]:
    """Names and counts once, then per strategy recall with its interval (tenths of a point) and alarms (tenths).

    Strategies come in the order of the board, the leader and the baseline first, as many as :data:`MOST` allows; the
    names of the others are under ``left_out``. A label without a test positive has recall null.
    """
    frame = material.found.labels
    names = _names(material, frame)
    if not names:
        return {"labels": [], "train": [], "test": [], "strategies": [], "left_out": []}
    one = frame[frame["strategy"] == names[0]]
    kept = names[: max(2, MOST // max(len(one), 1))]
    order = one.reset_index(drop=True).sort_values(["training_positives", "label"], kind="stable").index.to_numpy()
    return {
        "labels": [str(v) for v in one["label"].to_numpy()[order]],
        "train": [int(v) for v in one["training_positives"].to_numpy()[order]],
        "test": [int(v) for v in one["test_positives"].to_numpy()[order]],
        "strategies": [_strategy(name, frame[frame["strategy"] == name], order) for name in kept],
        "left_out": names[len(kept) :],
    }


def _names(material: Material, frame: pd.DataFrame) -> list[str]:
    known = set(frame["strategy"])
    first = [arm.name for arm in (material.leader, material.baseline) if arm]
    ordered = dict.fromkeys([*first, *(arm.name for arm in material.arms)])
    return [name for name in ordered if name in known]


def _strategy(name: str, frame: pd.DataFrame, order: np.ndarray[Any, Any]) -> dict[str, Any]:
    return {
        "name": name,
        "recall": _tenths(frame["recall"].to_numpy(dtype=np.float64)[order] * 100),
        "low": _tenths(frame["low"].to_numpy(dtype=np.float64)[order] * 100),
        "high": _tenths(frame["high"].to_numpy(dtype=np.float64)[order] * 100),
        "alarms": _tenths(frame["alarms"].to_numpy(dtype=np.float64)[order]),
    }


def _tenths(values: Sequence[float] | np.ndarray[Any, Any]) -> list[int | None]:
    return [None if np.isnan(v) else round(10 * float(v)) for v in values]


def script(table: dict[str, Any]) -> str:
    """JSON that can stand in a ``script`` element: no ``<`` in it."""
    text = json.dumps(table, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def first_lines(table: dict[str, Any]) -> list[tuple[str, ...]]:
    """The rarest labels as text: label, counts, recall with its interval and alarms of the first strategy, recall of
    the second, difference."""
    if not table["strategies"]:
        return []
    one, two = (table["strategies"] * 2)[:2]
    return [_text(table, one, two, i) for i in range(min(FIRST, len(table["labels"])))]


def _text(table: dict[str, Any], one: dict[str, Any], two: dict[str, Any], i: int) -> tuple[str, ...]:
    mine, theirs = one["recall"][i], two["recall"][i]
    found = "-" if mine is None else f"{mine / 10:.1f} [{one['low'][i] / 10:.1f} {one['high'][i] / 10:.1f}]"
    other = "-" if theirs is None else f"{theirs / 10:.1f}"
    change = "-" if mine is None or theirs is None else f"{(mine - theirs) / 10:+.1f}".replace("+0.0", "0.0")
    alarms = f"{one['alarms'][i] / 10:.1f}"
    return table["labels"][i], f"{table['train'][i]:,}", f"{table['test'][i]:,}", found, alarms, other, change
