"""Units: documents that have to stay in one split, because they are copies or belong to one group."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b
from unicodedata import normalize

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.csgraph import connected_components


def duplicate_classes(texts: Sequence[str]) -> NDArray[np.int64]:
    """Number of each text's class of copies, int64 [N], in order of first sight.

    Copies are equal after Unicode NFC, case folding and the collapse of white space.
    """
    folded = b"".join(map(_digest, texts))  # 16 bytes each: no two texts of a data set ever share these by chance
    high, low = np.frombuffer(folded, np.uint64).reshape(-1, 2).T
    order = np.lexsort((low, high))  # stable: the first sight of a class comes first in it
    new = np.ones(len(order), bool)
    new[1:] = (np.diff(high[order]) != 0) | (np.diff(low[order]) != 0)
    first = order[new]
    number = np.empty(len(first), np.int64)
    number[np.argsort(first)] = np.arange(len(first))
    classes = np.empty(len(order), np.int64)
    classes[order] = number[np.cumsum(new) - 1]
    return classes


def _digest(text: str) -> bytes:
    folded = text.casefold()
    plain = " ".join((folded if folded.isascii() else normalize("NFC", folded)).split())
    return blake2b(plain.encode(), digest_size=16).digest()


def unit_numbers(duplicates: NDArray[np.int64], groups: NDArray[np.int64] | None) -> NDArray[np.int64]:
    """Number of each document's unit, int64 [N]: copies and members of a group are together, through any chain.

    ``groups`` is -1 where a document has none; None means that no document has one.
    """
    if groups is None or not len(duplicates):
        return duplicates
    classes, grouped = int(duplicates.max()) + 1, np.flatnonzero(groups >= 0)
    nodes = classes + int(groups.max(initial=-1)) + 1
    ones = np.ones(len(grouped), np.int8)
    edges = sparse.coo_matrix((ones, (duplicates[grouped], classes + groups[grouped])), shape=(nodes, nodes))
    _, component = connected_components(edges, directed=False)
    return component[duplicates].astype(np.int64)


def straddling(classes: NDArray[np.int64], split: NDArray[np.int8]) -> NDArray[np.bool_]:
    """Whether a class has members in more than one split, bool [classes]; classes below 0 are left out."""
    known = classes >= 0
    count = int(classes.max(initial=-1)) + 1
    low, high = np.full(count, 127, np.int8), np.full(count, -1, np.int8)
    np.minimum.at(low, classes[known], split[known])
    np.maximum.at(high, classes[known], split[known])
    return low < high
