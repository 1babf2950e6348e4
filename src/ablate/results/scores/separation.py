"""Labels that no cut can help: a test of each label's scores against chance, and the recall within its reach."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import ndtr

from ablate.data.labels import Labels
from ablate.metrics.cuts import Scores
from ablate.results.scores.table import Side
from ablate.results.wilson import wilson

ENOUGH = 5
"""Cases of a label, over validation and test, from which on its scores are judged."""

FALSE_ALARM = 0.05
GENEROUS = 10
"""Alarms per case that a label is allowed when its reach is measured."""

HALF = 0.5
UNKNOWN, CHANCE, REACH, FINE = "too few cases", "no better than chance", "out of reach", "reachable"
COLUMNS_AT_ONCE = 64

Floats = NDArray[np.float64]


def separation(held: Side, test: Side) -> pd.DataFrame:
    """One row per label, over all scored documents: cases, AUC, p, reach with its interval, and a verdict.

    ``p`` is one-sided, of the rank-sum test that positives score no higher than others (Mann & Whitney, 1947; normal
    approximation with ties). ``reach`` is the label's recall if it alone may raise 10 alarms for each of its cases,
    with its 95 % Wilson interval. *No better than chance*: 5 or more cases, and p above .05. *Out of reach*: better
    than chance, but the upper end of the reach lies below one half. No cut helps either.
    """
    counts = held.labels.counts() + test.labels.counts()
    auc, p, found = (np.full(len(counts), np.nan) for _ in range(3))
    places = [_by_label(side.labels) for side in (held, test)]
    for start in range(0, len(counts), COLUMNS_AT_ONCE):
        stop = start + COLUMNS_AT_ONCE
        parts = [np.ascontiguousarray(side.scores[:, start:stop].T) for side in (held, test)]
        for label, (a, b) in enumerate(zip(*parts, strict=True), start):
            positive = np.concatenate([a[places[0][label]], b[places[1][label]]])
            if len(positive):
                auc[label], p[label], found[label] = _judged(np.concatenate([a, b]), positive)
    low, high = wilson(np.nan_to_num(found), counts)
    reach = np.divide(found, counts, out=np.full(len(counts), np.nan), where=counts > 0)
    return pd.DataFrame(
        {
            "cases": counts,
            "auc": auc,
            "p": p,
            "reach": reach,
            "reach_low": low,
            "reach_high": high,
            "verdict": _verdicts(counts, p, high),
        }
    )


def _verdicts(counts: NDArray[np.int64], p: Floats, high: Floats) -> NDArray[np.str_]:
    conditions = [counts < ENOUGH, p > FALSE_ALARM, high < HALF]
    return np.select(conditions, [UNKNOWN, CHANCE, REACH], default=FINE)


def _by_label(labels: Labels) -> list[NDArray[np.int64]]:
    """Documents that carry each label."""
    order = np.argsort(labels.indices, kind="stable")
    return np.split(labels.rows[order], np.cumsum(labels.counts())[:-1])


def _judged(scores: Scores, positive: Scores) -> tuple[float, float, float]:
    """AUC, one-sided p, and expected positives among the first 10 per case; ties count with their share."""
    column = np.sort(scores)
    documents, cases = len(column), len(positive)
    left, right = (np.searchsorted(column, positive, side) for side in ("left", "right"))
    allowed = min(documents, GENEROUS * cases)
    found = float(np.clip((allowed - (documents - right)) / (right - left), 0, 1).sum())
    others = documents - cases
    if not others:
        return float("nan"), 1.0, found
    rank_sum = float(((left + right + 1) / 2).sum())
    above = rank_sum - cases * (cases + 1) / 2  # pairs of positive and other in the right order, ties half
    return above / (cases * others), _p(above, column, cases, others), found


def _p(above: float, column: Scores, cases: int, others: int) -> float:
    documents = cases + others
    ends = np.flatnonzero(np.diff(column, append=np.float32(np.inf)))
    ties = np.diff(ends, prepend=-1).astype(np.float64)
    shrink = float((ties**3 - ties).sum()) / (documents * (documents - 1))
    variance = cases * others / 12 * (documents + 1 - shrink)
    if variance <= 1e-9:
        return 1.0
    return float(ndtr(-(above - cases * others / 2 - 0.5) / np.sqrt(variance)))  # half: continuity
