"""From a model's scores to the figures of a record, one split after the other."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ablate.data.dataset import TAIL
from ablate.data.labels import Labels
from ablate.metrics.alarms import Adjustment
from ablate.metrics.counts import Counts
from ablate.metrics.cuts import Scores
from ablate.metrics.drawn import cuts, drawn
from ablate.metrics.measure import examine, figures_of, finite, validate
from ablate.rules import Rule
from ablate.train.prepared import Prepared

Figures = dict[str, Any]
Arrays = dict[str, NDArray[Any]]


class NotFiniteError(Exception):
    """A score that is infinite or not a number; the text names the split."""


def judge(
    prepared: Prepared,
    alarms_per_document: float,
    score: Callable[[str], Scores],
    native_cut: float = 0.0,
    confirm: bool = True,
    given: Adjustment | None = None,
    rules: Callable[[Scores, Labels], Mapping[str, Rule]] = lambda scores, labels: {},
) -> tuple[Figures, Arrays]:
    """Figures on validation and, where a run is confirmed, on test and on the documents drawn given a label.

    ``score(split)`` gives the scores of a split, [M, L]; only one split's are held at a time. ``given`` stands in the
    place of the adjustment that validation would choose. ``rules`` fits other decisions on the scores and labels of
    validation, which are then read on test under ``decisions``.

    Raises:
        NotFiniteError: a score is not finite.
    """
    labels, counts = prepared.labels, prepared.labels["train"].counts()
    prior = np.asarray(prepared.stats().prior.double().numpy())
    held = _scores(score, "validation")
    found: Figures = {"validation": validate(held, labels["validation"], prior, alarms_per_document, given=given)}
    if not confirm:
        return found, {}
    fitted = rules(held, labels["validation"])
    del held
    chosen = found["validation"]
    scores = _scores(score, "test")
    found["test"], arrays = examine(scores, labels["test"], counts, prior, alarms_per_document, chosen, native_cut)
    if fitted:
        found["decisions"] = {name: figures_of(Counts.of_rule(scores, labels["test"], r)) for name, r in fitted.items()}
    oracle = prepared.dataset.oracle
    if oracle is not None and len(oracle.drawn_for):
        at = cuts(scores, len(arrays["alarms"]), prior, chosen)
        del scores
        tail = drawn(_scores(score, TAIL), oracle.drawn_for, counts, prior, chosen, at, native_cut)
        found["test"]["drawn"] = tail[0]
        arrays |= tail[1]
    return found, arrays


def _scores(score: Callable[[str], Scores], split: str) -> Scores:
    scores = score(split)
    if not finite(scores):
        raise NotFiniteError(split)
    return scores
