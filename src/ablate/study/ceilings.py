"""Rows of what was possible at all, on generated data whose truth is known."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ablate.catalog import CEILINGS
from ablate.data.dataset import TAIL
from ablate.data.truth import Oracle, logits
from ablate.metrics.alarms import Adjustment, budget, top_pairs
from ablate.metrics.counts import Counts
from ablate.metrics.cuts import Scores
from ablate.train.prepared import Prepared

BAYES, BAYES_MACRO, LEARNER = CEILINGS

#: Weights of macro against micro recall for which the best that can be reached is told.
ALPHAS = tuple(round(0.1 * step, 1) for step in range(11))


@dataclass(frozen=True, eq=False)
class Scored:
    """Scores of a split by its name, what "at 0.5" means for them, a rule of their own, and what a reader has to know.

    ``given`` stands in the place of the adjustment that validation would choose; None: validation chooses.
    """

    scores: Callable[[str], Scores]
    native_cut: float = 0.0
    notes: tuple[str, ...] = ()
    given: Adjustment | None = None


def ceiling(name: str, prepared: Prepared) -> Scored:
    """What a ceiling row ranks by.

    ``bayes-ceiling``: the exact posterior, under the same rule as every model; ``bayes-macro-ceiling``: the posterior
    over the prior, which has the highest expected macro recall at any budget (derived from linearity; the same family
    as Menon et al. 2021); ``learner-ceiling``: the posterior of somebody who knows the law of the texts and has to
    learn from the training documents which words stand for which label.
    """
    oracle = _oracle(prepared)
    if name == BAYES:
        return Scored(lambda split: logits(oracle.posterior(split)))
    if name == LEARNER:
        return Scored(lambda split: logits(oracle.learner(split)))
    prior = np.asarray(prepared.stats().prior.double().numpy())
    note = "its figures at 0.5 raise a label where it is likelier than its prior, which inverse weights aim at"
    return Scored(lambda split: _over_prior(oracle.posterior(split), prior), notes=(note,), given=Adjustment(0, 0))


def frontier(prepared: Prepared, alarms_per_document: float) -> list[dict[str, float]]:
    """The most of alpha x macro + (1 - alpha) x micro recall that the posterior allows at budget, for some alphas.

    Expected recall is linear in the alarms, so the best ones are the highest
    eta (alpha / (L pi) + (1 - alpha) / sum pi).
    """
    prior = np.asarray(prepared.stats().prior.double().numpy())
    labels, eta = prepared.labels["test"], _oracle(prepared).posterior("test")
    tail, drawn_for = _oracle(prepared).posterior(TAIL), _oracle(prepared).drawn_for
    own = tail[np.arange(len(drawn_for)), drawn_for]
    documents = np.bincount(drawn_for, minlength=len(prior))
    found = []
    for alpha in ALPHAS:
        worth = (alpha / (len(prior) * prior) + (1 - alpha) / prior.sum()).astype(np.float32)
        scores = eta * worth
        pairs = top_pairs(scores, budget(len(labels), alarms_per_document))
        counts = Counts.of_pairs(pairs, labels)
        hit = own * worth[drawn_for] >= scores.ravel()[pairs].min()
        recall = np.bincount(drawn_for[hit], minlength=len(prior)) / np.maximum(documents, 1)
        point = {"alpha": alpha, "micro_recall": counts.micro_recall, "macro_recall": counts.macro_recall}
        found.append(point | ({"macro_recall_drawn": float(recall[documents > 0].mean())} if len(drawn_for) else {}))
    return found


def _oracle(prepared: Prepared) -> Oracle:
    assert prepared.dataset.oracle is not None
    return prepared.dataset.oracle


def _over_prior(eta: NDArray[np.float32], prior: NDArray[np.float64]) -> Scores:
    """Log of eta over the prior, [M, L]."""
    found: Scores = np.log(np.maximum(eta, 1e-30)) - np.log(prior).astype(np.float32)
    return found
