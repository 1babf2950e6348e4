"""Which pairs raise an alarm, given the scores of a trained model; read off the validation set alone.

The neutral rule, one cut on prior-adjusted scores, is :class:`ablate.factors.Decision`.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ablate.data.labels import Labels
from ablate.factors import Decision, Loss
from ablate.metrics.alarms import budget, top_pairs
from ablate.rules import CutRule, Rule, TopRule
from ablate.stats import LabelStats

ENOUGH = 20
"""Validation positives from which on a label has a cut of its own."""


@dataclass(frozen=True)
class NativeCut(Decision):
    """Raise a label where the model's own probability exceeds one half; nothing is read off the validation set."""

    source = "Bayes rule for equal costs"

    #: the score of probability one half: 0 for a sigmoid, log 1/2 for log probabilities
    half: float = 0.0

    def for_loss(self, loss: Loss) -> Decision:
        """With the score at which this loss's probability is one half."""
        return NativeCut(loss.native_cut)

    def fit(self, scores: NDArray[np.float32], targets: Labels, stats: LabelStats) -> Rule:
        """The same cut for every label."""
        return CutRule(np.full(targets.width, np.nextafter(np.float32(self.half), np.float32(np.inf)), np.float64))


@dataclass(frozen=True)
class OneCut(Decision):
    """Raise a label above one cut for all: that which raises as many alarms as there are labels in the data."""

    source = "Lewis 1995 (one threshold for all)"

    def fit(self, scores: NDArray[np.float32], targets: Labels, stats: LabelStats) -> Rule:
        """The score of the last alarm at budget on validation."""
        k = budget(len(targets), float(stats.positives.sum()) / stats.documents)
        return CutRule(np.full(targets.width, float(scores.ravel()[top_pairs(scores, k)].min())))


@dataclass(frozen=True)
class LabelCuts(Decision):
    """The cut of its best F1 for a label with 20 or more validation positives, for others one shrunk to the common.

    With n < 20 positives the cut is n/20 of the label's own and the rest of the prior-adjusted one: F1 on a few
    positives picks a cut by chance (Yang 2001).
    """

    source = "Yang 2001 (SCut)"

    def fit(self, scores: NDArray[np.float32], targets: Labels, stats: LabelStats) -> Rule:
        """One cut per label."""
        common = super().fit(scores, targets, stats)
        assert isinstance(common, CutRule)
        cuts = common.cuts.astype(np.float64)  # a copy
        dense, counts = targets.matrix().tocsc(), targets.counts()
        for label in np.flatnonzero(counts):
            present = dense.indices[dense.indptr[label] : dense.indptr[label + 1]]
            share = min(1.0, counts[label] / ENOUGH)
            cuts[label] += share * (best_f1(scores[:, label], present) - cuts[label])
        return CutRule(cuts)


@dataclass(frozen=True)
class TopLabels(Decision):
    """Raise for each document the labels of its highest scores, as many as a training document has on average."""

    source = "Yang 2001 (RCut)"

    def fit(self, scores: NDArray[np.float32], targets: Labels, stats: LabelStats) -> Rule:
        """The number of labels, at least one."""
        return TopRule(max(1, round(float(stats.positives.sum()) / stats.documents)))


@dataclass(frozen=True)
class PrecisionFloor(Decision):
    """The lowest cut at which ``floor`` of the alarms on validation are right; if none, that of most precision.

    Cuts are tried down to the alarm at which the floor is out of reach even if all positives were found.
    """

    source = "Eban et al. 2017 (recall at fixed precision)"

    floor: float = 0.5

    def fit(self, scores: NDArray[np.float32], targets: Labels, stats: LabelStats) -> Rule:
        """The same cut for every label."""
        # with P positives, more than P / floor alarms cannot reach the floor
        most = max(1, int(targets.counts().sum() / self.floor))
        flat = scores.ravel()
        pairs = np.flatnonzero(flat >= flat[top_pairs(scores, most)].min())  # those tied with the last one too
        order = pairs[np.argsort(-flat[pairs], kind="stable")]
        right = np.isin(order, targets.rows * targets.width + targets.indices)
        values = flat[order]
        last = np.append(values[1:] < values[:-1], True)  # alarms with one score come together
        precision = np.where(last, np.cumsum(right) / np.arange(1, len(order) + 1), -1.0)
        fine = np.flatnonzero(precision >= self.floor)
        place = fine[-1] if len(fine) else int(precision.argmax())
        return CutRule(np.full(targets.width, float(values[place])))


def best_f1(scores: NDArray[np.float32], present: NDArray[np.integer]) -> float:
    """The cut, a score that occurs, with the highest F1; the highest such cut where several are as good."""
    order = np.argsort(-scores, kind="stable")
    right = np.zeros(len(scores), bool)
    right[present] = True
    hits = np.cumsum(right[order])
    values = scores[order]
    last = np.append(values[1:] < values[:-1], True)
    f1 = np.where(last, 2 * hits / (np.arange(1, len(scores) + 1) + len(present)), -1.0)
    return float(values[int(f1.argmax())])
