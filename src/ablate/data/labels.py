"""Sparse label lists: which labels each document carries."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import DTypeLike, NDArray
from scipy import sparse


@dataclass(frozen=True, eq=False)
class Labels:
    """Labels of N documents over L columns, as compressed sparse rows.

    The labels of document ``i`` are ``indices[indptr[i]:indptr[i + 1]]``, sorted and without repeats.

    Shapes: ``indptr`` int64 [N + 1], ``indices`` int32 [pairs]; ``width`` is L.
    """

    indptr: NDArray[np.int64]
    indices: NDArray[np.int32]
    width: int

    @classmethod
    def from_lists(cls, rows: Iterable[Sequence[int]], width: int) -> Labels:
        """Build from one sequence of column numbers per document; repeats are dropped."""
        sets = [np.unique(np.asarray(row, dtype=np.int32)) for row in rows]
        lengths = np.fromiter((len(s) for s in sets), dtype=np.int64, count=len(sets))
        indptr = np.concatenate([np.zeros(1, np.int64), np.cumsum(lengths)])
        indices = np.concatenate(sets) if sets else np.zeros(0, np.int32)
        return cls(indptr, indices.astype(np.int32), width)

    def __len__(self) -> int:
        return len(self.indptr) - 1

    @property
    def lengths(self) -> NDArray[np.int64]:
        """Labels per document, [N]."""
        return np.diff(self.indptr)

    @property
    def rows(self) -> NDArray[np.int64]:
        """Document number of each pair, [pairs]."""
        return np.repeat(np.arange(len(self), dtype=np.int64), self.lengths)

    def counts(self) -> NDArray[np.int64]:
        """Documents per label, [L]."""
        return np.bincount(self.indices, minlength=self.width).astype(np.int64)

    def take(self, rows: NDArray[np.integer]) -> Labels:
        """The labels of the named documents, in that order; rows may repeat."""
        first = self.indptr[:-1][rows]
        lengths = self.indptr[1:][rows] - first  # of the named rows alone: a batch must not cost a scan of the data
        indptr = np.concatenate([np.zeros(1, np.int64), np.cumsum(lengths)])
        starts = np.repeat(first - indptr[:-1], lengths)
        return Labels(indptr, self.indices[starts + np.arange(indptr[-1])], self.width)

    def keep(self, columns: NDArray[np.integer]) -> Labels:
        """Only the named columns, renumbered 0.. in the order given (sorted within a document)."""
        number = np.full(self.width, -1, dtype=np.int32)
        number[columns] = np.arange(len(columns), dtype=np.int32)
        renamed = number[self.indices]
        kept = renamed >= 0
        before = np.concatenate([np.zeros(1, np.int64), np.cumsum(kept)])  # pairs kept before each pair
        indptr, indices = before[self.indptr], renamed[kept]
        result = Labels(indptr, indices, len(columns))
        if np.all(np.diff(columns) > 0):  # which leaves the order within a document as it is
            return result
        return Labels(indptr, indices[np.lexsort((indices, result.rows))], len(columns))

    def dense(self) -> NDArray[np.float32]:
        """0/1 matrix [N, L]; for small sets and tests."""
        matrix = np.zeros((len(self), self.width), dtype=np.float32)
        matrix[self.rows, self.indices] = 1.0
        return matrix

    def matrix(self, kind: DTypeLike = np.float64) -> sparse.csr_matrix:
        """The same as a scipy CSR matrix of ones, [N, L]."""
        data = np.ones(len(self.indices), dtype=kind)
        return sparse.csr_matrix((data, self.indices, self.indptr), shape=(len(self), self.width))
