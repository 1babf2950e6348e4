"""Generated documents: words that are one piece each, lengths of mails and tickets, 485 labels with a tail."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ablate.data.dataset import Dataset
from ablate.data.labels import Labels
from ablate.synthesis.words import words

LABELS = 485
SPECIAL = 2
SHORTEST, LONGEST = 8, 128
MEDIAN, SPREAD = 54, 0.6
"""Log-normal lengths in tokens, special ones included, cut to 8..128: the mean is 61, one document in 13 is cut."""
HELD = 4
"""Validation and test documents: they are there, and too few to cost anything."""
LABELS_EACH = 3


def lengths(documents: int, random: np.random.Generator, median: float = MEDIAN) -> NDArray[np.int64]:
    """Tokens of each document, [N]."""
    drawn = np.rint(median * np.exp(SPREAD * random.standard_normal(documents)))
    return np.clip(drawn, SHORTEST, LONGEST).astype(np.int64)


def dataset(tokens: NDArray[np.int64], random: np.random.Generator, labels: int = LABELS) -> Dataset:
    """Training documents of these lengths in this order, and the few held ones after them."""
    vocabulary = np.array(words())
    every = np.concatenate([tokens, tokens[: 2 * HELD]])
    texts = [" ".join(vocabulary[random.integers(0, len(vocabulary), size - SPECIAL)]) for size in every]
    split = np.repeat([0, 1, 2], [len(tokens), HELD, HELD]).astype(np.int8)
    names = tuple(f"label {column}" for column in range(labels))
    return Dataset("generated", texts, _labels(len(tokens), len(every), labels, random), names, split, "0" * 64)


def _labels(train: int, documents: int, labels: int, random: np.random.Generator) -> Labels:
    """Each label on at least one training document; the others drawn so that a few labels are frequent."""
    each = max(LABELS_EACH, -(-labels // train))
    rows = [list(random.choice(labels, each, p=_law(labels), replace=False)) for _ in range(documents)]
    for column in range(labels):
        rows[column % train].append(column)
    return Labels.from_lists(rows, labels)


def _law(labels: int) -> NDArray[np.float64]:
    weight = 1 / np.arange(1, labels + 1)
    return np.asarray(weight / weight.sum())
