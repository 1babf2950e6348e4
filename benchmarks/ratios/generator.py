"""Documents per second of the generator, text and posterior written, against scikit-learn's; and at ten times the size.

About four minutes on two quiet cores; the environment variable ABLATE_BENCH_QUICK=1 takes tiny sizes, which
say nothing but that it runs.
"""

from __future__ import annotations

import os
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any

from sklearn.datasets import make_multilabel_classification

from ablate.synthesis.folder import write
from ablate.synthesis.presets import resolve
from ablate.synthesis.spec import Spec
from ablate.synthesis.world import build

KEYS = {"generator_vs_sklearn": 10.0, "generator_linear": 1.1}

PRESET, REPEATS, WORKERS = "forum-decision", 3, 2
COMPARED, OF_PEER, FEW, MANY = 200_000, 20_000, 100_000, 1_000_000
QUICK = (1_000, 1_000, 1_000, 3_000)


def measure() -> dict[str, dict[str, Any]]:
    """Median of alternating repeats of each ratio."""
    sizes = QUICK if os.environ.get("ABLATE_BENCH_QUICK") == "1" else (COMPARED, OF_PEER, FEW, MANY)
    compared, of_peer, few, many = sizes
    peer = [_ours(compared) / _theirs(compared, of_peer) for _ in range(REPEATS)]
    linear = [_ours(few) / _ours(many) for _ in range(REPEATS)]
    told = (
        f"{PRESET}, {WORKERS} processes, text and posterior written to Parquet, start of processes included (from the "
        "second repeat on they are forked from one that has the libraries loaded)"
    )
    return {
        "generator_vs_sklearn": _entry(
            "generator_vs_sklearn",
            peer,
            f"{told}; {compared:,} documents without the tail's, against make_multilabel_classification (one process, "
            f"sparse counts, no text, no posterior) for {of_peer:,} documents of the same labels, words, cardinality "
            "and length, whose time per document does not depend on their number",
        ),
        "generator_linear": _entry(
            "generator_linear", linear, f"{told}; seconds per document at {many:,} documents over those at {few:,}"
        ),
    }


def _entry(key: str, runs: list[float], note: str) -> dict[str, Any]:
    return {"value": median(runs), "goal": KEYS[key], "runs": runs, "note": f"{note}; median of {len(runs)}"}


def _spec(documents: int) -> Spec:
    spec = resolve(PRESET).scaled(documents)
    return spec.model_copy(update={"documents": spec.documents.model_copy(update={"tail": 0})})


def _ours(documents: int) -> float:
    """Documents per second."""
    spec = _spec(documents)
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        write(spec, Path(folder) / "made", WORKERS)
        return documents / (time.perf_counter() - start)


def _theirs(documents: int, drawn: int) -> float:
    """Documents per second, ``drawn`` of them like those of ``documents``."""
    spec = _spec(documents)
    world = build(spec)
    per_document = world.counts.sum() / (spec.documents.total * (1 - spec.documents.validation - spec.documents.test))
    exposed = world.keywords.spurious.sum() + spec.topics.words + per_document * world.evidence.mean()
    start = time.perf_counter()
    make_multilabel_classification(
        drawn,
        n_features=len(world.plain) + len(world.pool) + len(world.keywords.word),
        n_classes=spec.labels,
        n_labels=round(per_document),
        length=round(spec.length.plain + exposed),
        sparse=True,
        return_indicator="sparse",
        random_state=0,
    )
    return drawn / (time.perf_counter() - start)
