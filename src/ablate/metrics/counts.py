"""Integer counters from which recall, precision and F1 follow."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ablate.data.labels import Labels
from ablate.metrics.cuts import Scores, blocks

Integers = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Counts:
    """True positives, alarms and positives of each label, [L] each, on a number of documents.

    Macro figures are means over the labels with at least one positive, the same labels for every model (as
    scikit-learn with ``zero_division=np.nan`` does for recall); micro figures count all alarms, those on labels
    without a positive too. An undefined figure is NaN.
    """

    true_positives: Integers
    alarms: Integers
    positives: Integers
    documents: int

    @classmethod
    def of_pairs(cls, pairs: Integers, labels: Labels) -> Counts:
        """From the flat indices of the alarms, ascending and without repeats."""
        positive = labels.rows * labels.width + labels.indices
        place = np.minimum(np.searchsorted(pairs, positive), max(len(pairs) - 1, 0))
        hit = pairs[place] == positive if len(pairs) else np.zeros(len(positive), bool)
        found = np.bincount(labels.indices[hit], minlength=labels.width)
        alarms = np.bincount(pairs % labels.width, minlength=labels.width)
        return cls(found.astype(np.int64), alarms.astype(np.int64), labels.counts(), len(labels))

    @classmethod
    def of_mask(cls, alarms: NDArray[np.bool_], labels: Labels) -> Counts:
        """From a decision for every pair, bool [M, L]."""
        hit = alarms[labels.rows, labels.indices]
        found = np.bincount(labels.indices[hit], minlength=labels.width)
        raised = np.count_nonzero(alarms, axis=0)
        return cls(found.astype(np.int64), raised.astype(np.int64), labels.counts(), len(labels))

    @classmethod
    def of_rule(cls, scores: Scores, labels: Labels, rule: Callable[[Scores], NDArray[np.bool_]]) -> Counts:
        """From scores [M, L] and what decides for some rows of them, read block by block."""
        rows = labels.rows
        raised, found = np.zeros(labels.width, np.int64), np.zeros(labels.width, np.int64)
        for start, block in blocks(scores):
            alarms = rule(block)
            pairs = slice(labels.indptr[start], labels.indptr[start + len(block)])
            columns = labels.indices[pairs]
            found += np.bincount(columns[alarms[rows[pairs] - start, columns]], minlength=labels.width)
            raised += np.count_nonzero(alarms, axis=0)
        return cls(found, raised, labels.counts(), len(labels))

    @property
    def present(self) -> NDArray[np.bool_]:
        """Labels with at least one positive, [L]."""
        return self.positives > 0

    @property
    def recall(self) -> NDArray[np.float64]:
        """Recall of each label, [L]; NaN without a positive."""
        return _ratio(self.true_positives, self.positives)

    @property
    def macro_recall(self) -> float:
        """Mean recall over the labels with a positive."""
        return _mean(self.recall[self.present])

    @property
    def micro_recall(self) -> float:
        """Share of all positive pairs found."""
        return _one(self.true_positives.sum(), self.positives.sum())

    @property
    def precision(self) -> float:
        """Share of all alarms that are right (micro precision)."""
        return _one(self.true_positives.sum(), self.alarms.sum())

    @property
    def macro_f1(self) -> float:
        """Mean of the labels' F1 (Opitz & Burst, 2019), over the labels with a positive."""
        f1 = _ratio(2 * self.true_positives, self.alarms + self.positives)
        return _mean(f1[self.present])

    @property
    def micro_f1(self) -> float:
        """F1 of all pairs pooled."""
        return _one(2 * self.true_positives.sum(), self.alarms.sum() + self.positives.sum())

    @property
    def alarms_per_document(self) -> float:
        """Alarms raised, per document."""
        return float(self.alarms.sum() / self.documents) if self.documents else float("nan")

    @property
    def dead_labels(self) -> float:
        """Share of the labels with a positive of which none is found."""
        return _mean((self.true_positives[self.present] == 0).astype(np.float64))

    def among(self, labels: NDArray[np.bool_]) -> Counts:
        """The same counters for some of the labels."""
        return Counts(self.true_positives[labels], self.alarms[labels], self.positives[labels], self.documents)


def _ratio(above: Integers, below: Integers) -> NDArray[np.float64]:
    ratio = np.full(len(below), np.nan)
    np.divide(above, below, out=ratio, where=below > 0)
    return ratio


def _one(above: np.integer, below: np.integer) -> float:
    return float(above / below) if below else float("nan")


def _mean(values: NDArray[np.float64]) -> float:
    return float(values.mean()) if len(values) else float("nan")
