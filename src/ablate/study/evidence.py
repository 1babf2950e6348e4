"""How much evidence a twin's labels need for a quick model to find as many of them as in the data."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from ablate.data.dataset import Dataset
from ablate.data.labels import Labels
from ablate.metrics.alarms import budget
from ablate.metrics.measure import point
from ablate.study.linear import TfidfLinear

LOWEST, HIGHEST = 0.25, 16.0
STEPS = 5
COST = 4.0
MOST = 15_000
"""Documents that the quick model sees at most, of the data and of the twin, for each level."""


def matched_level(data: Dataset, drawn: Callable[[float], Dataset]) -> float:
    """The level at which the linear model's micro recall on validation is that of the data, bisected on its logarithm.

    ``drawn`` makes the twin of a level; recall rises with the level. The nearest end where it is out of reach.
    """
    wanted = validation_recall(data)
    low, high = LOWEST, HIGHEST
    for _ in range(STEPS):
        middle = math.sqrt(low * high)
        low, high = (low, middle) if validation_recall(drawn(middle)) > wanted else (middle, high)
    return float(f"{math.sqrt(low * high):.3g}")


def validation_recall(dataset: Dataset) -> float:
    """Micro recall on validation with as many alarms as labels, of one cost and a random part of the documents."""
    share = min(1.0, MOST / len(dataset.texts))
    (texts, labels), (held_texts, held) = (_part(dataset, split, share) for split in ("train", "validation"))
    scores = TfidfLinear((COST,)).fit(texts, labels, held_texts, held).scores(held_texts)
    return point(scores, held, budget(len(held), float(labels.lengths.mean())))[1]


def _part(dataset: Dataset, split: str, share: float) -> tuple[list[str], Labels]:
    rows = dataset.rows(split)
    some = np.sort(np.random.default_rng(0).permutation(rows)[: max(1, round(share * len(rows)))])
    return [dataset.texts[row] for row in some], dataset.labels.take(some)
