"""Training positives of each label."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from ablate.errors import AblateError
from ablate.synthesis.spec import Counts, Spec

Floats = NDArray[np.float64]
FEWEST = 5
"""A long tail's most frequent label is at least so many times as frequent as its rarest."""


def split_sizes(spec: Spec) -> tuple[int, int, int]:
    """Documents of train, validation and test. AblateError where one of them would be empty."""
    documents = spec.documents
    validation, test = round(documents.validation * documents.total), round(documents.test * documents.total)
    train = documents.total - validation - test
    if min(train, validation, test) < 1:
        raise AblateError(f"{spec.name}: {documents.total} documents leave a split empty; give more documents")
    return train, validation, test


def training_counts(spec: Spec) -> NDArray[np.int64]:
    """Training positives, [L], ascending but for explicit ones, which keep their order.

    AblateError where so few documents cannot hold the law.
    """
    train = split_sizes(spec)[0]
    law = spec.counts
    if law.law == "explicit":
        counts = _scaled(law, train)
        if counts.max() > train:
            label = int(counts.argmax())
            told = f"counts.explicit.{label} is {counts[label]:,} of {train:,} training documents"
            raise AblateError(f"{spec.name}: {told}; lower it or raise explicit_documents")
        return counts
    rarest = law.rarest if law.rarest >= 1 else law.rarest * train
    if law.cardinality is not None:
        return _with_total(spec, round(law.cardinality * train), rarest, train)
    top = law.top * train
    least = FEWEST * rarest if law.rarest >= 1 else rarest
    if round(rarest) < 1 or top < least - 0.5:
        raise _too_few(spec)
    return np.rint(_between(law, spec.labels, rarest, top)).astype(np.int64)


def _between(law: Counts, labels: int, low: float, high: float) -> Floats:
    """The law's quantiles, pinned to ``low`` and ``high``, ascending, [L]."""
    place = (np.arange(labels) + 0.5) / labels
    if labels == 1:
        return np.array([high])
    if law.law == "loguniform":
        return np.geomspace(low, high, labels)
    if law.law == "lognormal":
        height = ndtri(place)
        share = (height - height[0]) / (height[-1] - height[0])
        return np.asarray(np.exp(math.log(low) + share * math.log(high / low)))
    rank = np.arange(labels, 0, -1.0)
    exponent = law.exponent or math.log(high / low) / math.log(labels)
    return np.maximum(high * rank**-exponent, low)


def _scaled(law: Counts, train: int) -> NDArray[np.int64]:
    counts = np.asarray(law.explicit, np.float64)
    scaled = np.rint(counts * (train / float(law.explicit_documents or train)))
    return np.maximum(scaled, np.minimum(counts, law.rarest if law.rarest >= 1 else 1)).astype(np.int64)


def _with_total(spec: Spec, total: int, rarest: float, train: int) -> NDArray[np.int64]:
    """Counts of the law that sum to ``total``: the top is bisected, the most frequent labels take what is left."""
    low, high = rarest, float(train)
    if not round(rarest) * spec.labels <= total <= train * spec.labels or round(rarest) < 1:
        raise _too_few(spec)
    for _ in range(60):
        middle = math.sqrt(low * high)
        enough = _between(spec.counts, spec.labels, rarest, middle).sum() >= total
        low, high = (low, middle) if enough else (middle, high)
    counts = np.rint(_between(spec.counts, spec.labels, rarest, low)).astype(np.int64)
    counts[-1] += total - counts.sum()
    if counts.max() > train or counts.min() < 1:
        raise AblateError(f"{spec.name}: counts.cardinality of {spec.counts.cardinality} cannot be met; lower it")
    return counts


def _too_few(spec: Spec) -> AblateError:
    share = 1 - spec.documents.validation - spec.documents.test
    law = spec.counts
    if law.rarest < 1:
        needed = math.ceil(1 / (law.rarest * share))
    elif law.cardinality is not None:
        needed = math.ceil(law.rarest * spec.labels / (law.cardinality * share))
    else:
        needed = math.ceil(FEWEST * law.rarest / (law.top * share))
    return AblateError(f"{spec.name}: {spec.documents.total} documents are too few; give {needed:,} or more")
