"""Labels that only more examples will help, by name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ablate.metrics.buckets import BUCKETS
from ablate.results.decomposition_shares import LEARNER, Shares
from ablate.results.recovered import CEILING
from ablate.results.wilson import wilson

FEW = int(BUCKETS["few"][1])
"""Training positives under which a label can be short of examples."""

HALF = 0.5
WELL = 0.1
"""How far a label has to lie below the posterior to be named."""


@dataclass(frozen=True)
class Short:
    """A label with few training positives, the most that any row found of it, and what it is measured against."""

    label: str
    training_positives: int
    recall: float
    against: float


def short_of_examples(shares: Shares, kinds: Mapping[str, str]) -> list[Short]:
    """Labels with under 100 training positives that are beyond any row's reach, the largest shortfall first.

    With the truth known: those of which the learner's ceiling finds 10 points less than the posterior or worse, the
    upper end of its 95 % interval (Wilson) still below: who knows the law of the texts lacks examples there. Without
    it: those of which no strategy and no control finds half, the upper end of the best row's interval included; what
    is missing there may be the texts' as well as the examples'. ``kinds`` gives the kind of each row.
    """
    if shares.known:
        recall = shares.rows[LEARNER].budget.mean(axis=0)
        against = shares.rows[CEILING].budget.mean(axis=0)
        documents, margin = shares.rows[LEARNER].documents, WELL
    else:
        rows = [found for name, found in shares.rows.items() if kinds.get(name) != "ceiling"]
        recall = np.max([found.budget.mean(axis=0) for found in rows], axis=0)
        documents, margin = rows[0].documents, 0.0
        against = np.full(len(recall), HALF)
    beyond = _surely_below(recall, documents, against) & (against - recall >= margin)
    short = (shares.positives < FEW) & (documents > 0) & beyond
    found = [
        Short(shares.names[c], int(shares.positives[c]), float(recall[c]), float(against[c]))
        for c in np.flatnonzero(short)
    ]
    return sorted(found, key=lambda label: (label.recall - label.against, label.training_positives, label.label))


def _surely_below(
    recall: NDArray[np.float64], documents: NDArray[np.int64], against: NDArray[np.float64]
) -> NDArray[np.bool_]:
    high = wilson(recall * documents, documents)[1]
    return np.asarray(np.nan_to_num(high, nan=1.0) < against)
