"""What a data set is like, in figures."""

from __future__ import annotations

import textwrap
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ablate.data.dataset import SPLITS, Dataset
from ablate.data.splits import listed
from ablate.data.units import duplicate_classes

WIDTH = 100  # characters of a printed line
QUANTILES = {"min": 0.0, "25%": 0.25, "median": 0.5, "75%": 0.75, "max": 1.0}


def describe(
    dataset: Dataset, lengths: NDArray[np.integer] | None = None, max_length: int | None = None
) -> dict[str, Any]:
    """Figures of a data set, ready for JSON; positives are documents per label, counted in train.

    ``lengths`` are tokens per text, special tokens included, int [N]; with ``max_length`` they tell the share of texts
    that is cut. No text is in the result.
    """
    train = dataset.labels.take(dataset.rows("train")).counts()
    test = dataset.labels.take(dataset.rows("test")).counts()
    words = np.fromiter((len(text.split()) for text in dataset.texts), np.int64, len(dataset.texts))
    return {
        "name": dataset.name,
        "sha256": dataset.sha256,
        "documents": dataset.documents,
        "drawn_documents": len(dataset.texts) - dataset.documents,
        "labels": dataset.labels.width,
        "cardinality": float(dataset.labels.lengths.mean()),
        "positives": _quantiles(train),
        "labels_under_10": int((train < 10).sum()),
        "imbalance_ratio": float(train.max() / train.min()),
        "splits": {name: _split(dataset, name) for name in SPLITS},
        "unlabelled": int((dataset.labels.lengths == 0).sum()),
        "duplicates": len(dataset.texts) - len(np.unique(duplicate_classes(dataset.texts))),
        "labels_without_test_positive": int((test == 0).sum()),
        "labels_with_1_or_2_test_positives": int(((test > 0) & (test < 3)).sum()),
        "untrained": list(dataset.untrained),
        "words": _quantiles(words),
        "max_length": max_length,
        "truncated": None if lengths is None or max_length is None else float((lengths > max_length).mean()),
        "notes": list(dataset.notes),
    }


def _quantiles(values: NDArray[np.integer]) -> dict[str, float]:
    return {name: float(np.quantile(values, share)) for name, share in QUANTILES.items()}


def _split(dataset: Dataset, name: str) -> dict[str, int]:
    labels = dataset.labels.take(dataset.rows(name))
    return {
        "documents": len(labels),
        "positives": len(labels.indices),
        "labels": int((labels.counts() > 0).sum()),
        "unlabelled": int((labels.lengths == 0).sum()),
    }


def lines(description: dict[str, Any]) -> list[str]:
    """The same in plain text, one figure a line, at most 100 characters wide."""
    d = description
    rows = [
        ("data set", f"{d['name']} (sha256 {d['sha256'][:12]})"),
        ("documents", f"{d['documents']:,}"),
        *([("drawn given a label", f"{d['drawn_documents']:,} documents more")] if d["drawn_documents"] else []),
        ("labels", f"{d['labels']:,}"),
        ("labels per document", f"{d['cardinality']:.2f}"),
        ("positives per label", f"{_spread(d['positives'])} (train)"),
        ("labels under 10", f"{d['labels_under_10']:,}"),
        ("imbalance ratio", f"{d['imbalance_ratio']:,.0f}"),
        *((name, _split_line(figures)) for name, figures in d["splits"].items()),
        ("no test positive", f"{d['labels_without_test_positive']:,} labels"),
        ("1-2 test positives", f"{d['labels_with_1_or_2_test_positives']:,} labels"),
        ("words per document", _spread(d["words"])),
        ("unlabelled", f"{d['unlabelled']:,} documents"),
        ("duplicates", f"{d['duplicates']:,} documents"),
    ]
    if d["truncated"] is not None:
        rows.append(("truncated", f"{d['truncated']:.1%} of documents, at {d['max_length']} tokens"))
    if d["untrained"]:
        rows.append(("untrained labels", f"{len(d['untrained']):,}: {listed(d['untrained'])}"))
    rows += [("note", note) for note in d["notes"]]
    return [line for name, value in rows for line in _wrapped(name, value)]


def _spread(quantiles: dict[str, float]) -> str:
    return ", ".join(f"{name} {value:,.0f}" for name, value in quantiles.items())


def _split_line(figures: dict[str, int]) -> str:
    return f"{figures['documents']:,} documents, {figures['positives']:,} positives, {figures['labels']:,} labels"


def _wrapped(name: str, value: str) -> list[str]:
    return textwrap.wrap(f"{name:<20} {value}", WIDTH, subsequent_indent=" " * 21)
