"""Decision rules that need scores alone: one cut, a prior-adjusted cut, a cut per label."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ablate.metrics.alarms import Adjustment
from ablate.metrics.cuts import Scores
from ablate.metrics.measure import validate
from ablate.results.scores.logits import probability
from ablate.results.scores.table import Side

WORTH = 0.005
"""Balanced recall on validation that cuts per label must add before they are deployed: they are L numbers, not two."""

SLACK = 1e-6  # of the spread of scores: what rounding may take from a cut


@dataclass(frozen=True, eq=False)
class DecisionRule:
    """Ranks pairs by z - level - tau * scale * log(prior) and raises those from ``cut`` on.

    ``levels`` are 0, or each label's own level, float32 [L]. ``balanced`` is the mean of macro and micro recall at
    budget on validation.
    """

    name: str
    adjustment: Adjustment
    levels: NDArray[np.float32]
    cut: float
    balanced: float

    def margins(self, scores: Scores, prior: NDArray[np.float64]) -> Scores:
        """Scores as ranked, float32 [M, L]."""
        centred = scores - self.levels if self.levels.any() else scores
        return self.adjustment.apply(centred, prior)

    def cuts(self, prior: NDArray[np.float64], spread: float) -> NDArray[np.float64]:
        """Logits from which each label is raised, [L]; ``spread`` is the deviation of the scores."""
        moved = self.adjustment.tau * self.adjustment.scale * np.log(prior)
        return np.asarray(self.cut + moved + self.levels - SLACK * spread)


def prior_adjusted(held: Side, prior: NDArray[np.float64], per_document: float) -> DecisionRule:
    """The rule of a study: one cut after the prior adjustment that is best on validation; it may be none."""
    found = validate(held.scores, held.labels, prior, per_document)
    return _rule("prior-adjusted cut", found, np.zeros(held.labels.width, np.float32))


def own_cuts(held: Side, prior: NDArray[np.float64], per_document: float) -> DecisionRule:
    """The same after each label's scores are centred at the level that its training share reaches on validation.

    That level raises as many alarms as the label has cases (proportional cuts: Yang, 2001). It looks at no label of
    validation, and undoes whatever constant a weighted or shifted loss has added to the label's scores.
    """
    at = levels(held.scores, prior)
    found = validate(held.scores - at, held.labels, prior, per_document)
    return _rule("own cut per label", found, at)


def levels(scores: Scores, prior: NDArray[np.float64]) -> NDArray[np.float32]:
    """The score of each label that its prior share of the documents reaches, at least one document; float32 [L]."""
    documents = len(scores)
    ranks = np.clip(np.round(prior * documents), 1, documents).astype(np.int64)
    found = np.empty(len(prior), np.float32)
    for label, rank in enumerate(ranks):
        place = documents - int(rank)
        found[label] = np.partition(scores[:, label], place)[place]
    return found


def _rule(name: str, found: dict[str, float], at: NDArray[np.float32]) -> DecisionRule:
    adjustment = Adjustment(found["tau"], found["scale"])
    return DecisionRule(name, adjustment, at, found["cut"], found["balanced_recall"])


def chosen(adjusted: DecisionRule, own: DecisionRule) -> DecisionRule:
    """The one to deploy, by validation alone."""
    return own if own.balanced > adjusted.balanced + WORTH else adjusted


def in_scale(logits: NDArray[np.float64], scale: str) -> NDArray[np.float64]:
    """Cuts in the scale that the scores were given in."""
    return probability(logits) if scale == "probabilities" else logits
