"""Pairs of labels: how often they come together, and how often chance alone would bring them together."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from ablate.synthesis.documents import Rows

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Pairs:
    """Pairs of labels in N documents: ``counts`` int64 [L]; ``together`` sparse [L, L], symmetric, without diagonal."""

    counts: Ints
    documents: int
    together: sparse.csr_array

    @classmethod
    def of(cls, labels: Rows) -> Pairs:
        """Of documents and their labels."""
        shape = (len(labels), labels.width)
        matrix = sparse.csr_array((np.ones(len(labels.indices), np.int64), labels.indices, labels.indptr), shape=shape)
        together = sparse.coo_array(matrix.T @ matrix)
        row, column = together.coords
        off = row != column
        square = sparse.csr_array((together.data[off], (row[off], column[off])), shape=together.shape)
        return cls(labels.counts(), len(labels), square)

    def met(self, first: Ints, second: Ints) -> Ints:
        """Documents with both labels of each pair, [P]."""
        if not len(first):
            return np.zeros(0, np.int64)
        return np.asarray(self.together[first, second], np.int64).ravel()

    def expected(self, first: Ints, second: Ints) -> Floats:
        """The same were labels independent, [P]."""
        return np.asarray(self.counts[first] * (self.counts[second] / self.documents))

    def seen(self) -> tuple[Ints, Ints]:
        """All pairs that come together at least once, the lower number first."""
        first, second = sparse.triu(self.together).nonzero()
        return first.astype(np.int64), second.astype(np.int64)

    def likely(self, least: float) -> tuple[Ints, Ints]:
        """All pairs that chance would bring together ``least`` times or more, whether they are seen or not."""
        order = np.argsort(-self.counts, kind="stable")
        falling = -self.counts[order]
        needed = least * self.documents / np.maximum(self.counts[order], 1)
        ends = np.searchsorted(falling, -needed, side="right")
        size = np.maximum(ends - np.arange(len(order)) - 1, 0)
        first = np.repeat(np.arange(len(order)), size)
        second = np.arange(size.sum()) - np.repeat(np.cumsum(size) - size, size) + first + 1
        a, b = order[first], order[second]
        return np.minimum(a, b), np.maximum(a, b)


def attraction(pairs: Pairs, among: NDArray[np.bool_] | None = None, least: float = 1.0) -> float:
    """How far pairs exceed independence: the mean square of their lift's excess.

    With n documents of a pair and e expected, the sum of (n - e)^2 / e over the pairs with n > e, by the sum of e over
    all. Pairs with ``e >= least`` count, both labels ``among`` [L] where that is given; 0 where there are none.
    """
    first, second = pairs.likely(least)
    if among is not None:
        kept = among[first] & among[second]
        first, second = first[kept], second[kept]
    if not len(first):
        return 0.0
    expected = pairs.expected(first, second)
    more = np.maximum(pairs.met(first, second) - expected, 0)
    return float((more**2 / expected).sum() / expected.sum())
