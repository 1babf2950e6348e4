"""How near a twin is to what it was made from."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ablate.data.dataset import Dataset
from ablate.data.labels import Labels
from ablate.metrics.buckets import BUCKETS
from ablate.metrics.measure import examine, validate
from ablate.study.linear import TfidfLinear
from ablate.synthesis.documents import Rows
from ablate.synthesis.twin.pairs import Pairs, attraction

Ints = NDArray[np.int64]
Values = dict[str, float]

LIKELY = 5.0
"""Documents that chance alone would give a pair of labels, from which on its lift is compared."""


@dataclass(frozen=True)
class Compared:
    """Figures of a subject, by name: of the data and of the twin. ``notes`` are about both."""

    subject: str
    data: Values
    twin: Values
    notes: tuple[str, ...] = ()


def counts(data: Ints, twin: Ints) -> Compared:
    """Training positives of the labels, [L] each."""
    return Compared("training positives", _counts(data), _counts(twin))


def dependence(data: Dataset, twin: Dataset, order: Ints) -> list[Compared]:
    """Cardinality and co-occurrence in train. Label i of the twin is label ``order[i]`` of the data."""
    one, other = (each.labels.take(each.rows("train")) for each in (data, twin))
    pairs = Pairs.of(_rows(one.keep(order))), Pairs.of(_rows(other))
    told = "from 0 (blocks unlike, or pairs tied by topics, which a twin ties by chance) to 1"
    found, number = _correlation(*pairs)
    note = f"log lift of {number:,} pairs that chance makes {LIKELY:g} times or more: correlation {found:.2f}, {told}"
    return [
        Compared("labels per document", _cardinality(one), _cardinality(other)),
        Compared("co-occurrence", _lift(pairs[0]), _lift(pairs[1]), (note,) if number > 2 else ()),
    ]


def length(data: Dataset, twin: Dataset) -> Compared:
    """Words of the training documents."""
    return Compared("words per document", _length(data), _length(twin))


def quick_model(data: Dataset, twin: Dataset) -> Compared:
    """Recall on test of a linear model on TF-IDF, with as many alarms as labels."""
    (one, told), (other, _) = _recall(data), _recall(twin)
    return Compared("quick model (TF-IDF, linear): recall at budget", one, other, told)


def _counts(counts: Ints) -> Values:
    shares = {"fewest": 0.0, "25%": 0.25, "median": 0.5, "75%": 0.75, "most": 1.0}
    within = {name: float(((counts >= low) & (counts < high)).sum()) for name, (low, high) in BUCKETS.items()}
    return {
        **{name: float(np.quantile(counts, share)) for name, share in shares.items()},
        **{f"labels that are {name}": number for name, number in within.items()},
    }


def _cardinality(labels: Labels) -> Values:
    size = labels.lengths
    return {
        "mean": float(size.mean()),
        "standard deviation": float(size.std()),
        "share without a label": float((size == 0).mean()),
        "share with two or more": float((size > 1).mean()),
        "most": float(size.max()),
    }


def _lift(pairs: Pairs) -> Values:
    first, second = pairs.likely(LIKELY)
    met, expected = pairs.met(first, second), pairs.expected(first, second)
    return {
        "excess of the lift, root mean square": math.sqrt(attraction(pairs, least=LIKELY)),
        "pairs met twice as often as by chance": float((met > 2 * expected).sum()),
        "pairs met half as often or less": float((met <= expected / 2).sum()),
    }


def _correlation(data: Pairs, twin: Pairs) -> tuple[float, int]:
    """Of the log lift of pairs that chance makes often in both, and their number; 0 where one does not vary."""
    first, second = data.likely(LIKELY)
    lifts = [np.log((pairs.met(first, second) + 0.5) / (pairs.expected(first, second) + 0.5)) for pairs in (data, twin)]
    if len(first) < 3 or min(float(np.std(lift)) for lift in lifts) == 0:
        return 0.0, len(first)
    return float(np.corrcoef(lifts[0], lifts[1])[0, 1]), len(first)


def _length(dataset: Dataset) -> Values:
    words = words_of(dataset)
    quantiles = {f"{share:.0%}": float(np.quantile(words, share)) for share in (0.05, 0.5, 0.95)}
    return {"mean": float(words.mean()), "standard deviation": float(words.std()), **quantiles, "most": words.max()}


def words_of(dataset: Dataset) -> Ints:
    """Words of each training document, [N]."""
    rows = dataset.rows("train")
    return np.fromiter((len(dataset.texts[row].split()) for row in rows), np.int64, len(rows))


def _recall(dataset: Dataset) -> tuple[Values, tuple[str, ...]]:
    parts = {split: dataset.part(split) for split in ("train", "validation", "test")}
    model = TfidfLinear().fit(*parts["train"], *parts["validation"])
    train = parts["train"][1]
    prior = train.counts() / len(train)
    validation, test = (model.scores(parts[split][0]) for split in ("validation", "test"))
    rule = validate(validation, parts["validation"][1], prior, float(prior.sum()))
    found = examine(test, parts["test"][1], train.counts(), prior, float(prior.sum()), rule)[0]["at_budget"]
    return {"macro": found["macro_recall"], "micro": found["micro_recall"]}, model.notes


def _rows(labels: Labels) -> Rows:
    return Rows(labels.indptr, labels.indices, labels.width)
