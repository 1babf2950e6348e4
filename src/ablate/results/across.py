"""Several studies side by side: one column for each, one row for each strategy, and average ranks over data sets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from ablate.results.board import BASELINE, group
from ablate.results.folder import Read
from ablate.results.rows import Row
from ablate.results.tags import tagged

ENOUGH = 8  # data sets, under which a test over data sets has next to no power
SHOWN = ("macro_recall_at_budget", "micro_recall_at_budget", "delta_macro", "delta_micro")
MARKS = ("rank", "better", "tied_with_leader", "costs_micro", "runs")
KINDS = ("strategy", "control", "ceiling")

Table = dict[str, Any]


@dataclass(frozen=True, eq=False)
class Column:
    """One study: what heads its column, the data set that it is of, and its rows by strategy."""

    name: str
    dataset: str
    rows: Mapping[str, Row]
    about: Mapping[str, Any]


def across(found: Sequence[Read], tags: Sequence[str] = ()) -> Table:
    """The studies as one table, ready for JSON: ``columns``, ``rows``, ``datasets`` and ``test``.

    Each cell is what the study's own board says: recall at budget with its interval, the difference to that study's
    baseline, and its marks. ``average_rank`` is over the strategies that every board ranks, by macro recall at budget,
    ties sharing their mean rank (Demsar 2006); studies of one data set are averaged first, so that each data set counts
    once. Strategies without it say in ``unranked`` why, column by column. ``tags`` choose rows: see
    :func:`~ablate.results.tags.tagged`.

    Raises:
        AblateError: no strategy carries one of the tags.
    """
    columns = _columns(found)
    kept = tagged([body for one in found for body in one.bodies], tags)
    names = dict.fromkeys(name for column in columns for name in column.rows if kept is None or name in kept)
    common = [name for name in names if all(_ranks(column.rows.get(name)) for column in columns)]
    datasets = list(dict.fromkeys(column.dataset for column in columns))
    ranks = _by_dataset(columns, datasets, [_column_ranks(column, common) for column in columns])
    average = dict(zip(common, ranks.mean(axis=0).tolist(), strict=True))
    rows = [_row(name, columns, average.get(name)) for name in names]
    return {
        "schema": 1,
        "columns": [{"name": column.name, **column.about} for column in columns],
        "datasets": len(datasets),
        "tags": list(tags),
        "rows": sorted(rows, key=_place),
        "test": _test(columns, datasets, common, ranks),
    }


def _columns(found: Sequence[Read]) -> list[Column]:
    abouts = [_about(one) for one in found]
    return [
        Column(
            name,
            str(one.board["dataset"].get("sha256") or about["dataset"]),
            {row["strategy"]: row for row in one.board["rows"]},
            about,
        )
        for name, about, one in zip(_names(abouts, found), abouts, found, strict=True)
    ]


def _about(one: Read) -> dict[str, Any]:
    dataset = one.board["dataset"]
    return {
        "study": one.board["study"],
        "dataset": dataset.get("name") or "no data set",
        "backbone": one.plan.get("backbone") or "",
        "base": one.plan.get("base") or "",
        "documents": dataset.get("documents"),
        "labels": dataset.get("labels"),
        "alarms_per_document": one.board["budget"]["alarms_per_document"],
    }


def _names(abouts: Sequence[Mapping[str, Any]], found: Sequence[Read]) -> list[str]:
    """Data set, and where several columns share it what tells them apart: backbone, base, study, in the end folder."""
    names = [str(about["dataset"]) for about in abouts]
    more = [[str(about[key]) for about in abouts] for key in ("backbone", "base", "study")]
    for told in (*more, [str(one.folder) for one in found]):
        groups = {name: {t for n, t in zip(names, told, strict=True) if n == name} for name in names}
        shared = {name for name in names if names.count(name) > 1}
        names = [
            f"{name}/{t}" if t and name in shared and len(groups[name]) > 1 else name
            for name, t in zip(names, told, strict=True)
        ]
    return names


def _ranks(row: Row | None) -> bool:
    return row is not None and row["rank"] is not None


def _column_ranks(column: Column, common: Sequence[str]) -> NDArray[np.float64]:
    means = [column.rows[name]["macro_recall_at_budget"]["mean"] for name in common]
    return np.asarray(stats.rankdata([-mean for mean in means]), dtype=np.float64)


def _by_dataset(
    columns: Sequence[Column], datasets: Sequence[str], values: Sequence[NDArray[np.float64]]
) -> NDArray[np.float64]:
    """Means over the columns of each data set, [data sets, strategies]."""
    return np.stack(
        [
            np.mean([v for column, v in zip(columns, values, strict=True) if column.dataset == dataset], axis=0)
            for dataset in datasets
        ]
    )


def _row(name: str, columns: Sequence[Column], average: float | None) -> Table:
    found = [column.rows.get(name) for column in columns]
    kind = next(row["kind"] for row in found if row is not None)
    why = {column.name: _why(row) for column, row in zip(columns, found, strict=True) if not _ranks(row)}
    return {
        "strategy": name,
        "kind": kind,
        "average_rank": average,
        "unranked": why if kind == "strategy" else {},
        "cells": {
            column.name: {key: row[key] for key in (*SHOWN, *MARKS)} if row is not None else None
            for column, row in zip(columns, found, strict=True)
        },
    }


def _why(row: Row | None) -> str:
    """Why a board does not rank a strategy."""
    return "missing" if row is None else group(row)


def _place(row: Table) -> tuple[int, bool, float, float, str]:
    """By kind; those with an average rank first; then by mean macro recall over the columns that have them."""
    means = [cell["macro_recall_at_budget"]["mean"] for cell in row["cells"].values() if _level(cell)]
    average = row["average_rank"]
    return (
        KINDS.index(row["kind"]),
        average is None,
        average or 0.0,
        -float(np.mean(means)) if means else 1.0,
        row["strategy"],
    )


def _level(cell: Mapping[str, Any] | None) -> bool:
    return cell is not None and cell["macro_recall_at_budget"] is not None


def _test(
    columns: Sequence[Column], datasets: Sequence[str], common: Sequence[str], ranks: NDArray[np.float64]
) -> Table | None:
    """Over data sets: Friedman's test of all ranks, and Wilcoxon's signed ranks against the baseline, Holm's p-values.

    None under :data:`ENOUGH` data sets, or where there is nothing to compare with the baseline. The signed ranks are of
    macro recall at budget itself, as mean ranks would depend on which other strategies there are (Benavoli, Corani &
    Mangili 2016).
    """
    others = [name for name in common if name != BASELINE]
    if len(datasets) < ENOUGH or BASELINE not in common or not others:
        return None
    macro = [np.array([c.rows[n]["macro_recall_at_budget"]["mean"] for n in (BASELINE, *others)]) for c in columns]
    values = _by_dataset(columns, datasets, macro)
    raw = [_signed_ranks(values[:, place + 1] - values[:, 0]) for place in range(len(others))]
    friedman = float(stats.friedmanchisquare(*ranks.T).pvalue) if len(common) > 2 else None
    return {
        "friedman": friedman,
        "against_baseline": dict(zip(others, holm(raw), strict=True)),
    }


def _signed_ranks(differences: NDArray[np.float64]) -> float:
    if not differences.any():
        return 1.0
    return float(stats.wilcoxon(differences).pvalue)


def holm(values: Sequence[float]) -> list[float]:
    """p-values adjusted for their number, step by step from the smallest (Holm 1979)."""
    order = np.argsort(values, kind="stable")
    adjusted, highest = np.empty(len(values)), 0.0
    for step, place in enumerate(order):
        highest = max(highest, min(1.0, (len(values) - step) * values[place]))
        adjusted[place] = highest
    return [float(value) for value in adjusted]
