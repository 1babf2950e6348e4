"""Peak memory of the data side at 5,000,000 documents: ``python -m benchmarks.scale [DOCUMENTS]``.

Builds labels, a token store (about ten tokens each), splits, a subset and batches one after the other and prints the
resident memory after each and the peak. Texts are written as numbers and read back from a generator: Python strings
of a user's own corpus come on top.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ablate.data.labels import Labels
from ablate.data.splits import TEST, TRAIN, VALIDATION
from ablate.data.strata import draw
from ablate.data.subset import keep_tail
from ablate.data.tokens import TokenStore, build
from ablate.data.units import duplicate_classes
from benchmarks.ratios.long_tail import long_tailed

LABELS, PER_DOCUMENT, TOKENS, BATCH = 485, 2.6, 10, 32
BATCHES = 2_000


class Texts(Sequence[str]):
    """Texts that are made when they are asked for; one in fifty is a copy of an earlier one."""

    def __init__(self, documents: int) -> None:
        self._documents = documents

    def __len__(self) -> int:
        return self._documents

    def __getitem__(self, index):
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(self._documents))]
        if not 0 <= index < self._documents:
            raise IndexError(index)
        return f"text {index - index % 50 if index % 50 == 1 else index}"


class Hashing:
    """About ten token numbers for each text."""

    key = "scale"

    def encode(self, texts: Sequence[str]) -> list[list[int]]:
        numbers = np.random.default_rng(len(texts)).integers(0, 30_000, (len(texts), TOKENS))
        return numbers.tolist()


def resident(name: str) -> float:
    """A line of /proc/self/status in GB."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(name)) * 1024 / 1e9


def tell(what: str, start: float) -> None:
    """Print a step, how long it took, and memory now and at its peak."""
    memory = f"{resident('VmRSS:'):.2f} GB resident, {resident('VmHWM:'):.2f} GB at the peak"
    print(f"{what:<42} {time.perf_counter() - start:7.1f} s   {memory}", flush=True)


def split(labels: Labels, seed: int) -> np.ndarray:
    """Test, then validation, a tenth each, as :func:`ablate.data.splits.assign` draws them."""
    parts = np.full(len(labels), TRAIN, np.int8)
    for part in (TEST, VALIDATION):
        pool = np.flatnonzero(parts == TRAIN)
        parts[pool[draw(labels.take(pool), 0.1, np.random.SeedSequence([seed, part]))]] = part
    return parts


def batches(labels: Labels, store: TokenStore) -> float:
    """Microseconds per document of targets and tokens in batches of 32."""
    rows = np.random.default_rng(0).integers(0, len(labels), (BATCHES, BATCH))
    start = time.perf_counter()
    for batch in rows:
        labels.take(batch)
        store.take(batch, 128, (1,), (2,))
    return (time.perf_counter() - start) / rows.size * 1e6


def main(documents: int) -> None:
    """All steps."""
    start = time.perf_counter()
    tell("nothing yet", start)
    labels = long_tailed(documents, LABELS, PER_DOCUMENT, 0)
    tell(f"labels {documents:,} x {LABELS}, {len(labels.indices):,} pairs", start)
    copies = duplicate_classes(Texts(documents))
    tell(f"classes of copies: {copies.max() + 1:,}", start)
    parts = split(labels, 0)
    tell(f"splits {np.bincount(parts).tolist()}", start)
    chosen = keep_tail(labels, parts, documents // 10, 0)
    tell(f"subset of {len(chosen):,}", start)
    with tempfile.TemporaryDirectory() as folder:
        store = build(Texts(documents), Hashing(), "scale", Path(folder))
        tell(f"token store, {len(store.values):,} tokens", start)
        lengths = store.lengths[np.flatnonzero(parts == TEST)]
        tell(f"lengths of test, {lengths.mean():.0f} on average", start)
        print(f"{'batches of 32':<42} {batches(labels, store):7.1f} us per document")
    tell("end", start)


if __name__ == "__main__":
    main(int(sys.argv[1].replace("_", "")) if len(sys.argv) > 1 else 5_000_000)
