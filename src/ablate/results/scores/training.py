"""What an audit knows of training: label shares and labels per document."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ablate.data.labels import Labels
from ablate.data.splits import listed
from ablate.data.tables import shorten
from ablate.errors import AblateError, near


@dataclass(frozen=True, eq=False)
class Training:
    """Counts of the training set for L labels.

    ``positives`` are known or estimated counts, [L]; ``prior`` shares, [L], above 0 where ``trained`` is true;
    ``per_document`` is the mean number of labels of a document. ``origin`` says where they come from.
    """

    positives: NDArray[np.float64]
    prior: NDArray[np.float64]
    per_document: float
    known: bool
    origin: str

    @property
    def trained(self) -> NDArray[np.bool_]:
        """Labels with a training document, [L]; where counts are estimated, all."""
        return self.prior > 0


def from_counts(
    counts: Mapping[str, int], names: tuple[str, ...], documents: int | None, held: Labels, place: str
) -> Training:
    """From given counts; ``documents`` that are not given follow from the labels per document of validation, ``held``.

    Raises:
        AblateError: a label without a count, or more positives than documents.
    """
    missing = [name for name in names if name not in counts]
    if missing:
        what = f"no count for {len(missing):,} scored labels: {listed([shorten(n) for n in missing], 5)}"
        hint = near(missing[0], list(counts))
        raise AblateError(f"{place}: {what}{hint}; add a row for each, 0 where no training document carries it")
    positives = np.array([counts[name] for name in names], np.float64)
    if not positives.any():
        raise AblateError(f"{place}: no scored label has a training document; give counts above 0")
    if documents is not None and documents < positives.max():
        worst = names[int(positives.argmax())]
        what = f"--documents is {documents}, but label {shorten(worst)} has {int(positives.max())}"
        raise AblateError(f"{place}: {what}; give the number of all training documents")
    origin = f"{place}, {documents:,} documents" if documents else f"{place}; their number of documents by validation"
    if documents is None:
        per_document = float(held.counts()[positives > 0].sum() / len(held)) or 1.0
        documents = max(int(positives.max()), round(float(positives.sum()) / per_document))
    return Training(positives, positives / documents, float(positives.sum() / documents), True, origin)


def from_labels(train: Labels, origin: str) -> Training:
    """From the labels of training documents."""
    positives = train.counts().astype(np.float64)
    if not positives.any():
        raise AblateError(f"{origin}: no training row carries a scored label; give --counts FILE")
    return Training(positives, positives / len(train), float(positives.sum() / len(train)), True, origin)


def estimated(held: Labels) -> Training:
    """From the shares on validation; a label without a positive there counts as half a one."""
    counts = held.counts().astype(np.float64)
    if not counts.any():
        raise AblateError("no validation row carries a label, so no cut can be chosen; label some")
    prior = np.maximum(counts, 0.5) / len(held)
    return Training(counts, prior, float(counts.sum() / len(held)), False, "estimated from the validation rows")
