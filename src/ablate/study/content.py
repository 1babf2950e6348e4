"""What identifies the data of a study beyond its file: texts, labels and split as they were used."""

from __future__ import annotations

import hashlib
from functools import lru_cache

from ablate.data.dataset import Dataset
from ablate.train.prepared import text_digest


@lru_cache(maxsize=4)
def content(dataset: Dataset) -> str:
    """sha256 of texts, labels, label names and split: a subset or another column mapping is other content."""
    digest = hashlib.sha256(text_digest(dataset.texts).encode())
    for array in (dataset.labels.indptr, dataset.labels.indices, dataset.split):
        digest.update(array.tobytes())
    digest.update("\0".join(dataset.names).encode())
    return digest.hexdigest()
