"""What each row of a study found of each label, at budget and at 0.5, all on the same documents."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ablate.results.arrays import Arrays
from ablate.results.board import Board
from ablate.results.confirmed import confirmed, finished
from ablate.results.record import Body, Records
from ablate.results.recovered import CEILING, FLOOR

LEARNER = "learner-ceiling"
READ_NOTHING = (FLOOR, "predict-everything")
"""Controls that read no document: what they miss says nothing of data or training."""

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Found:
    """Share of each label's documents that a row found, run by run: [runs, L] at budget and at 0.5."""

    budget: Floats
    half: Floats
    documents: Integers  # [L]

    def among(self, mine: NDArray[np.bool_]) -> Found:
        """Some labels only."""
        return Found(self.budget[:, mine], self.half[:, mine], self.documents[mine])


@dataclass(frozen=True, eq=False)
class Shares:
    """All rows that read documents and have a finished run, ceilings too.

    ``drawn``: read on the documents drawn given each label, which every row must have then; else on the test
    documents. ``positives`` [L] are training positives.
    """

    drawn: bool
    names: tuple[str, ...]
    positives: Integers
    runs: Mapping[str, Sequence[Body]]
    rows: Mapping[str, Found]

    @property
    def known(self) -> bool:
        """Whether the truth of the data is known: the posterior and the learner's ceiling are there."""
        return CEILING in self.rows and LEARNER in self.rows


def read_shares(board: Board, bodies: Sequence[Body], store: Records) -> Shares | None:
    """Read the records that count for each row of the board; None where no run has finished."""
    runs = {str(row["strategy"]): _runs(row["strategy"], bodies) for row in board["rows"]}
    runs = {arm: kept for arm, kept in runs.items() if kept and arm not in READ_NOTHING}
    if not runs:
        return None
    arrays = {arm: [store.arrays(b["key"]) for b in kept] for arm, kept in runs.items()}
    drawn = all("drawn_found_at_half" in a for kept in arrays.values() for a in kept)
    truth = store.truth(next(iter(runs.values()))[0]["truth"])
    rows = {arm: _found(kept, drawn, truth.labels.counts()) for arm, kept in arrays.items()}
    return Shares(drawn, truth.names, truth.counts_train, runs, rows)


def _runs(arm: str, bodies: Sequence[Body]) -> list[Body]:
    runs, _ = confirmed([b for b in bodies if b["arm"] == arm])
    return finished(runs)


def _found(arrays: Sequence[Arrays], drawn: bool, positives: Integers) -> Found:
    documents = arrays[0]["drawn_documents"].astype(np.int64) if drawn else positives
    prefix = "drawn_found" if drawn else "true_positives"
    at_budget, at_half = (
        np.stack([a[f"{prefix}_{rule}"].astype(np.float64) for a in arrays]) / np.maximum(documents, 1)
        for rule in ("at_budget", "at_half")
    )
    return Found(at_budget, at_half, documents)
