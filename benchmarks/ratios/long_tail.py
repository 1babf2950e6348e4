"""Labels with a long tail, drawn fast."""

from __future__ import annotations

import numpy as np

from ablate.data.columns import from_pairs
from ablate.data.labels import Labels


def long_tailed(documents: int, labels: int, per_document: float, seed: int) -> Labels:
    """Independent labels whose frequencies are spread evenly in the logarithm, over four orders of magnitude.

    Documents are drawn with repeats, which count once: ``per_document`` is missed by a few hundredths.
    """
    random = np.random.default_rng(seed)
    law = np.exp(random.uniform(np.log(2e-5), np.log(0.2), labels))
    counts = random.binomial(documents, np.minimum(law * per_document / law.sum(), 0.5))
    rows = random.integers(0, documents, counts.sum())
    columns = np.repeat(np.arange(labels, dtype=np.int64), counts)
    return from_pairs(rows, columns, documents, labels)
