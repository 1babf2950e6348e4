"""Why macro recall at 0.5 is as low as it is: a sum of terms that each ask for another remedy.

With the truth known (generated data), for every row and exactly:

    1 - recall at 0.5 =  1 - posterior at budget                   irreducible
                       + posterior - learner's ceiling at budget   too few examples
                       + learner's ceiling - row at budget         training/model
                       + row at budget - row at 0.5                decision rule

The posterior is ``bayes-ceiling``, the learner's ceiling ``learner-ceiling``: both under the same rule and the same
number of alarms as every row. A model may lie above the learner's ceiling, and 0.5 may raise more alarms than the
budget: such terms are negative, and are shown as they are. Without the truth the first three are one term.

All terms of one study are read off the same documents: those drawn given each label where every row has them, else the
test documents. They are sums over labels of what a label found, so they add up in each frequency bucket too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from ablate.metrics.buckets import BUCKETS
from ablate.results.board import BASELINE, Board
from ablate.results.decomposition_shares import LEARNER, Found, Shares
from ablate.results.record import Body
from ablate.results.recovered import CEILING, SURE
from ablate.results.statistics import Interval

ASKED = "as-asked"
IRREDUCIBLE, DATA, MODEL, DECISION = "irreducible", "too_few_examples", "training_model", "decision_rule"
LUMP = "data_training_model"
NAMES = {
    IRREDUCIBLE: "irreducible",
    DATA: "too few examples",
    MODEL: "training/model",
    LUMP: "data, training and model",
    DECISION: "decision rule",
}
"""Terms in the order of their sum, as a reader is told them."""

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Split:
    """What is missing at 0.5 over some labels, and the terms that add up to it, each with its 95 % interval."""

    labels: int
    missing: Interval
    terms: Mapping[str, Interval]

    @property
    def mendable(self) -> str | None:
        """The largest term that somebody can do something about; None where none is above zero, or none stands alone.

        Without the truth it cannot be said: data, training and model are one term, with what nobody can mend.
        """
        if LUMP in self.terms:
            return None
        name = max((DATA, MODEL, DECISION), key=lambda term: self.terms[term].mean)
        return name if self.terms[name].mean > 0 else None


@dataclass(frozen=True)
class Gap:
    """The decomposition of one row: over all labels, and in each frequency bucket that holds labels.

    ``alarms_at_half`` and ``alarms_at_budget`` are per document: the decision rule also moves these.
    """

    strategy: str
    kind: str
    runs: int
    alarms_at_half: float
    alarms_at_budget: float
    whole: Split
    buckets: Mapping[str, Split]


@dataclass(frozen=True)
class Decomposition:
    """All rows of a study, ``as-asked`` and ``baseline`` first; ``drawn``: on documents drawn given each label."""

    drawn: bool
    known: bool
    rows: tuple[Gap, ...]

    def of(self, name: str) -> Gap | None:
        """The row of this name, if it is there."""
        return next((row for row in self.rows if row.strategy == name), None)

    @property
    def driver(self) -> Gap | None:
        """The row whose terms drive advice: the baseline, or the first where there is none."""
        return self.of(BASELINE) or next(iter(self.rows), None)


@dataclass(frozen=True, eq=False)
class Part:
    """A signed share averaged over labels: its mean over labels by run [runs], and its variance from the documents."""

    values: Floats
    variance: float

    def interval(self) -> Interval:
        """Seeds (t) and documents (normal law) added up."""
        mean, runs, spread = float(self.values.mean()), len(self.values), 0.0
        if runs > 1:
            spread = float(stats.t.ppf(0.975, runs - 1) * self.values.std(ddof=1) / np.sqrt(runs))
        half = float(np.hypot(spread, SURE * np.sqrt(self.variance)))
        return Interval(mean, mean - half, mean + half)


def measured_on(drawn: bool) -> str:
    """On which documents the terms were read, in words."""
    return "documents drawn given each label" if drawn else "test documents"


def decompose(board: Board, shares: Shares | None) -> Decomposition:
    """Decompose every row of a board but the ceilings and the controls that read nothing.

    A row without a finished run has no decomposition. A mean of documents is taken as binomial, label by label; two
    rows are taken as unpaired, which makes the intervals of their differences wide rather than narrow, since models
    tend to miss the same documents. At budget and at 0.5 one row cuts the same scores, so that the documents found by
    the one contain those found by the other, and that difference is paired.
    """
    if shares is None:
        return Decomposition(False, False, ())
    ceilings = (shares.rows[CEILING], shares.rows[LEARNER]) if shares.known else None
    places = _places(shares.positives)
    rows = [
        _gap(row, shares.runs[row["strategy"]], shares.rows[row["strategy"]], ceilings, places)
        for row in sorted(board["rows"], key=_first)
        if row["strategy"] in shares.rows and row["kind"] != "ceiling"
    ]
    return Decomposition(shares.drawn, shares.known, tuple(rows))


def _first(row: Mapping[str, Any]) -> int:
    """As asked, then the baseline; a stable sort leaves the others as they are."""
    order = (ASKED, BASELINE)
    return order.index(row["strategy"]) if row["strategy"] in order else len(order)


def _places(counts_train: NDArray[np.int64]) -> dict[str, NDArray[np.bool_]]:
    return {name: (counts_train >= low) & (counts_train < high) for name, (low, high) in BUCKETS.items()}


def _gap(
    row: Mapping[str, Any],
    runs: Sequence[Body],
    mine: Found,
    ceilings: tuple[Found, Found] | None,
    places: Mapping[str, NDArray[np.bool_]],
) -> Gap:
    present = mine.documents > 0
    buckets = {name: place & present for name, place in places.items() if (place & present).any()}
    return Gap(
        strategy=row["strategy"],
        kind=row["kind"],
        runs=len(runs),
        alarms_at_half=_alarms(runs, "at_half"),
        alarms_at_budget=_alarms(runs, "at_budget"),
        whole=_split(mine, ceilings, present),
        buckets={name: _split(mine, ceilings, labels) for name, labels in buckets.items()},
    )


def _alarms(runs: Sequence[Body], rule: str) -> float:
    return float(np.mean([b["test"][rule]["alarms_per_document"] for b in runs]))


def _split(mine: Found, ceilings: tuple[Found, Found] | None, labels: NDArray[np.bool_]) -> Split:
    mine = mine.among(labels)
    budget = _level(mine.budget, mine.documents)
    if ceilings is None:
        parts = {LUMP: _below(ONE, budget)}
    else:
        posterior, learner = (_level(c.among(labels).budget, c.documents[labels]) for c in ceilings)
        parts = {
            IRREDUCIBLE: _below(ONE, posterior),
            DATA: _below(posterior, learner),
            MODEL: _below(learner, budget),
        }
    parts[DECISION] = _nested(mine)
    missing = _below(ONE, _level(mine.half, mine.documents))
    terms = {name: part.interval() for name, part in parts.items()}
    return Split(int(labels.sum()), missing.interval(), terms)


ONE = Part(np.ones(1), 0.0)


def _level(shares: Floats, documents: NDArray[np.int64]) -> Part:
    mean = shares.mean(axis=0)
    return Part(shares.mean(axis=1), variance(mean, mean, documents))


def _below(high: Part, low: Part) -> Part:
    """How far one lies below the other, as if on different documents; one run stands against all of the other."""
    return Part(high.values - low.values, high.variance + low.variance)


def _nested(mine: Found) -> Part:
    """What the rule finds at budget beyond 0.5: of each label's documents one set holds the other."""
    change = mine.budget - mine.half
    moved = np.abs(change).mean(axis=0)
    return Part(change.mean(axis=1), variance(moved, change.mean(axis=0), mine.documents))


def variance(square: Floats, mean: Floats, documents: NDArray[np.int64]) -> float:
    """Variance, from the documents, of a mean over labels of means over each label's documents.

    ``square`` and ``mean`` [L] are a label's mean square and mean over its ``documents`` [L], at least 1 each: the
    same share x / n where documents count 1 or 0. Where all or none count, their own spread is zero and says nothing
    (Wald's interval; Agresti & Coull, 1998); so the share is drawn inwards, to (x + 1) / (n + 2), as Laplace did.
    Labels with one document get the spread of all of them together, which is no less than their own on average.
    """
    if not len(documents):
        return 0.0
    many, single = documents > 1, documents == 1
    total = float((_spread(square[many], mean[many], documents[many]) / documents[many]).sum())
    if count := int(single.sum()):
        total += count * float(_spread(square[single].mean(), mean[single].mean(), np.asarray(count)))
    return total / len(documents) ** 2


def _spread(square: Floats, mean: Floats, n: NDArray[np.int64]) -> Floats:
    """Variance of one document, from n, with one that counts and one that does not added.

    A shrunken share has p (1 - p) (n^2 + 3 n + 4) / (n + 2)^2 on average where the true p is 1/2, and no smaller part
    of it elsewhere; divided by that it is never too small on average.
    """
    shrunk = (n * square + 1) / (n + 2)
    centre = (n * mean + np.where(mean < 0, -1, 1)) / (n + 2)
    return np.asarray((shrunk - centre**2) * (n + 2) ** 2 / (n**2 + 3 * n + 4))
