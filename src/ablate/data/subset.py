"""A subset of the documents that keeps the tail."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ablate.data.dataset import SPLITS
from ablate.data.labels import Labels
from ablate.errors import AblateError

FEWEST_DOCUMENTS = 50
TAIL = 10  # positives; labels with fewer are the tail


def refuse_few(documents: int | None) -> None:
    """Raise :class:`AblateError` at a number of documents that no study can stand on."""
    if documents is not None and documents < FEWEST_DOCUMENTS:
        raise AblateError(f"--documents is {documents}; give {FEWEST_DOCUMENTS} or more")


def keep_tail(labels: Labels, split: NDArray[np.int8], documents: int, seed: int) -> NDArray[np.int64]:
    """Row numbers of about ``documents`` rows, ascending; each split gives its share.

    In each split, half of the places go first to documents with a label of fewer than 10 positives, those of the
    rarest label first; the others are drawn at random. ``split`` is int8 [N], -1 for rows that are left out anyway.
    """
    present = np.flatnonzero(split >= 0)
    if documents >= len(present):
        return present
    random = np.random.default_rng([seed, documents])
    rarity = _rarity(labels)
    chosen = []
    for part in range(len(SPLITS)):
        rows = random.permutation(np.flatnonzero(split == part))
        places = max(1, round(documents * len(rows) / len(present)))
        chosen.append(_choose(rows, rarity[rows], places))
    return np.sort(np.concatenate(chosen))


def _choose(rows: NDArray[np.int64], rarity: NDArray[np.int64], places: int) -> NDArray[np.int64]:
    """Some of the rows, which come in random order: the tail up to half of the places, then the next in line."""
    tail = np.flatnonzero(rarity < TAIL)
    tail = tail[np.argsort(rarity[tail], kind="stable")][: (places + 1) // 2]
    rest = np.setdiff1d(np.arange(len(rows)), tail)[: places - len(tail)]
    chosen: NDArray[np.int64] = rows[np.concatenate([tail, rest])]
    return chosen


def _rarity(labels: Labels) -> NDArray[np.int64]:
    """Positives of each document's rarest label, int64 [N]; very large where it has none."""
    rarity = np.full(len(labels), np.iinfo(np.int64).max)
    labelled = np.flatnonzero(labels.lengths)
    if len(labelled):
        rarity[labelled] = np.minimum.reduceat(labels.counts()[labels.indices], labels.indptr[:-1][labelled])
    return rarity
