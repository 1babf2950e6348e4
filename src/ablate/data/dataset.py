"""What a study learns from: texts, sparse labels and fixed splits."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ablate.data.labels import Labels
from ablate.data.truth import Oracle

SPLITS = ("train", "validation", "test")
TAIL = "tail"
"""Documents drawn given each label, of generated data sets: beside the test split, never in it."""


@dataclass(frozen=True, eq=False)
class Dataset:
    """Texts and labels with a fixed split.

    Columns of ``labels`` are the labels with at least one training positive, in ``names`` order;
    ``untrained`` names the others, which no model can learn and no figure counts.

    Shapes: ``texts`` N strings; ``labels`` N x L; ``split`` int8 [N], an index into :data:`SPLITS`, or 3 for documents
    that were drawn given a label (:data:`TAIL`). ``oracle`` is the truth of generated documents; ``revision`` is the
    commit of a data set of the hub.
    ``sha256`` is of the source bytes as read (for a folder: of its files' names and sha256, in name order).
    ``options`` are the options, by name and as JSON, that read something else from the same bytes (columns, number of
    documents), where they are not the defaults; ``notes`` tell a person what was guessed, made or left out.
    """

    name: str
    texts: Sequence[str]
    labels: Labels
    names: tuple[str, ...]
    split: NDArray[np.int8]
    sha256: str
    split_seed: int = 0
    untrained: tuple[str, ...] = ()
    notes: tuple[str, ...] = field(default=())
    options: tuple[tuple[str, str], ...] = ()
    oracle: Oracle | None = None
    revision: str | None = None

    @property
    def documents(self) -> int:
        """Documents of train, validation and test."""
        return int(np.count_nonzero(self.split < len(SPLITS)))

    @property
    def key(self) -> str:
        """The sha256 of all that determines texts, labels and splits: two data sets with one key are equal."""
        told = json.dumps([self.sha256, self.split_seed, self.options])
        return hashlib.sha256(told.encode()).hexdigest()

    def rows(self, split: str) -> NDArray[np.int64]:
        """Row numbers of one split, ascending."""
        return np.flatnonzero(self.split == (*SPLITS, TAIL).index(split)).astype(np.int64)

    def part(self, split: str) -> tuple[list[str], Labels]:
        """Texts and labels of one split."""
        rows = self.rows(split)
        return [self.texts[i] for i in rows], self.labels.take(rows)
