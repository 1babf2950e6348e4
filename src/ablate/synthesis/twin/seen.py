"""What a twin may know of a data set: numbers alone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ablate.synthesis.documents import Rows

Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Sizes:
    """Documents of train, validation and test."""

    train: int
    validation: int
    test: int

    @property
    def total(self) -> int:
        """All of them."""
        return self.train + self.validation + self.test


@dataclass(frozen=True, eq=False)
class Seen:
    """Label counts of training documents, and where the documents are known, their labels and lengths.

    Shapes: ``counts`` int64 [L], 1 or more each; ``labels`` the training documents, of L columns; ``words`` [N] how
    many words each has.
    """

    counts: Ints
    sizes: Sizes
    labels: Rows | None = None
    words: Ints | None = None

    def by_frequency(self) -> Seen:
        """The same with labels numbered from the most frequent on: their order says nothing of their names."""
        order = np.argsort(-self.counts, kind="stable")
        number = np.empty(len(order), np.int64)
        number[order] = np.arange(len(order))
        labels = self.labels
        if labels is not None:
            labels = Rows.of(labels.row, number[labels.indices], len(labels), labels.width)
        return Seen(self.counts[order], self.sizes, labels, self.words)
