"""Memory and time of all figures over 1,000,000 x 485 scores: ``python -m benchmarks.evaluation [DOCUMENTS]``.

Scores lie in a nameless file, as a run of this size puts them, and are read block by block: validation chooses the
strength of the prior adjustment, test gives recall, F1 and average precision.
"""

from __future__ import annotations

import sys
import time

import numpy as np

from ablate.data.labels import Labels
from ablate.metrics.measure import examine, validate
from ablate.train.evaluate import room
from benchmarks.ratios.long_tail import long_tailed
from benchmarks.scale import LABELS, PER_DOCUMENT, resident

BLOCK = 4096


def scores_of(labels: Labels) -> np.ndarray:
    """Scores that are right more often than not: a normal number, and three more where the label is there."""
    random = np.random.default_rng(0)
    out = room(len(labels), labels.width)
    for start in range(0, len(labels), BLOCK):
        block = random.standard_normal((min(BLOCK, len(labels) - start), labels.width), dtype=np.float32)
        own = labels.take(np.arange(start, start + len(block)))
        block[own.rows, own.indices] += 3
        out[start : start + len(block)] = block
    return out


def anonymous() -> float:
    """Resident memory that no file backs, in GB: a mapped file's pages can be given back at any time."""
    return resident("RssAnon:")


def main(documents: int) -> None:
    """Print seconds and memory of each part."""
    labels = long_tailed(documents, LABELS, PER_DOCUMENT, 0)
    scores = scores_of(labels)
    prior = np.clip(labels.counts() / documents, 0.5 / documents, None)
    print(f"{documents:,} x {LABELS}: scores of {scores.nbytes / 1e9:.2f} GB on disk, {anonymous():.2f} GB in memory")
    for name, work in (
        ("validation: strength of 81, cut", lambda: validate(scores, labels, prior, PER_DOCUMENT)),
        (
            "test: recall, F1, average precision",
            lambda: examine(scores, labels, labels.counts(), prior, PER_DOCUMENT, RULE),
        ),
    ):
        started = time.perf_counter()
        work()
        print(f"{name:<36} {time.perf_counter() - started:6.1f} s, {anonymous():.2f} GB in memory", flush=True)
    print(f"peak with the mapped file's pages: {resident('VmHWM:'):.2f} GB")


RULE = {"tau": 0.5, "scale": 0.3, "cut": 2.0}

if __name__ == "__main__":
    main(int(sys.argv[1].replace("_", "")) if len(sys.argv) > 1 else 1_000_000)
