"""Will these weights train? An answer from training counts alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ablate.data.columns import Columns
from ablate.data.dataset import Dataset
from ablate.data.files import read
from ablate.data.source import find, from_table, load
from ablate.errors import AblateError
from ablate.results.weights.counts import TrainingCounts, checked, is_counts, of_mapping, read_counts
from ablate.results.weights.noise import (
    BATCHES,
    alarms_at_half,
    batch_as_quiet,
    effective_sample,
    largest_quiet_cap,
    noise_cv,
    steps_between,
)
from ablate.results.weights.schemes import SCHEMES, Scheme, power

FOUND = 0.9
"""Share of a label's cases found, and of the others left alone, by the model whose alarms are estimated."""

SHARES = (0.8, 0.9, 0.95, 0.99)
NOISIER = 2.0
"""Noise, relative to no weights, up to which a cap is named: as much as a quarter of the batch size costs."""


@dataclass(frozen=True, eq=False)
class Diagnosis:
    """What counts alone say of each weighting scheme.

    ``schemes`` has one row per scheme: smallest and largest weight of a positive, predicted gradient noise at each
    batch size (``noise_32`` ...), effective positives, alarms per document at 0.5 under the model named in ``summary``.
    """

    counts: TrainingCounts
    summary: Mapping[str, Any]
    schemes: pd.DataFrame

    def __str__(self) -> str:
        from ablate.results.weights.words import report

        return report(self)

    def _repr_html_(self) -> str:
        from ablate.results.weights.words import advice

        return f"{self.schemes.to_html(index=False)}<p>{escape(advice(self))}</p>"

    def as_json(self) -> dict[str, Any]:
        """The same for machines."""
        from ablate.results.weights.words import advice

        schemes = self.schemes.to_dict(orient="records")
        return {**self.summary, "schemes": schemes, "advice": advice(self), "notes": list(self.counts.notes)}


def diagnose(
    counts: str | Path | Mapping[str, int] | pd.Series, documents: int | None = None, columns: Columns | None = None
) -> Diagnosis:
    """Judge weighting schemes from counts by label, a file of ``label,count``, or a data file (its training split).

    ``documents`` is the number of training documents; with a data file it is known. ``columns`` are those of a data
    file, where they are not ``text`` and ``labels``.

    Raises:
        AblateError: a file or counts that cannot be used, or a number of documents that is missing or too small.
    """
    known = _counts(counts, documents, columns)
    positives, prior = known.positives.astype(np.float64), known.prior
    inverse = power(1.0)(positives, known.documents)
    rows = [_row(scheme, known) for scheme in SCHEMES]
    rarest = int(known.positives.min())
    summary = {
        "documents": known.documents,
        "labels": len(known.names),
        "labels_per_document": float(prior.sum()),
        "rarest": rarest,
        "most_frequent": int(known.positives.max()),
        "labels_under_10": int((known.positives < 10).sum()),
        "steps_between_positives_of_the_rarest": {str(b): steps_between(rarest, known.documents, b) for b in BATCHES},
        "alarms_of_inverse_weights": {f"{s:g}": alarms_at_half(inverse, prior, s) for s in SHARES},
        "alarms_model_found": FOUND,
        "cap": largest_quiet_cap(inverse, prior, NOISIER),
        "batch_as_quiet_as_32_unweighted": batch_as_quiet(inverse, prior, 32),
    }
    return Diagnosis(known, summary, pd.DataFrame(rows))


def _row(scheme: Scheme, known: TrainingCounts) -> dict[str, Any]:
    positives = known.positives.astype(np.float64)
    weights = scheme.weights(positives, known.documents)
    return {
        "scheme": scheme.name,
        "lowest": float(weights.min()),
        "highest": float(weights.max()),
        **{f"noise_{batch}": noise_cv(weights, known.prior, batch) for batch in BATCHES},
        "effective_positives": effective_sample(weights, positives),
        "alarms_per_document": alarms_at_half(scheme.odds(positives, known.documents), known.prior, FOUND),
    }


def _counts(
    given: str | Path | Mapping[str, int] | pd.Series, documents: int | None, columns: Columns | None
) -> TrainingCounts:
    if not isinstance(given, str | Path):
        return checked(of_mapping({str(k): v for k, v in given.items()}), documents, "counts")
    if str(given).startswith("synthetic:"):
        return _of_data(load(str(given)), documents)
    path = find(str(given))
    table = read(path)
    if is_counts(table.parts[0]) and columns is None:
        return checked(read_counts(path), documents, path.name)
    return _of_data(from_table(table, columns or Columns(), 0, None), documents)


def _of_data(dataset: Dataset, documents: int | None) -> TrainingCounts:
    if documents is not None:
        raise AblateError(f"{dataset.name}: --documents goes with a file of label,count; here the training split tells")
    labels = dataset.labels.take(dataset.rows("train"))
    return TrainingCounts(dataset.names, labels.counts(), len(labels), dataset.notes)
