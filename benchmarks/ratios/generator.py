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
COMPARED, FEW, MANY = 40_000, 100_000, 1_000_000
QUICK = (1_000, 1_000, 3_000)


def measure() -> dict[str, dict[str, Any]]:
    """Median of alternating repeats of each ratio."""
    compared, few, many = QUICK if os.environ.get("ABLATE_BENCH_QUICK") == "1" else (COMPARED, FEW, MANY)
    peer = [_rate(_ours, compared) / _rate(_theirs, compared) for _ in range(REPEATS)]
    linear = [_rate(_ours, few) / _rate(_ours, many) for _ in range(REPEATS)]
    told = f"{PRESET}, {WORKERS} processes, text and posterior written to Parquet, start of processes included"
    return {
        "generator_vs_sklearn": _entry(
            "generator_vs_sklearn",
            peer,
            f"{told}; {compared:,} documents without the tail's, against make_multilabel_classification (one process, "
            "sparse counts, no text, no posterior) at the same documents, labels, words, cardinality and length",
        ),
        "generator_linear": _entry(
            "generator_linear", linear, f"{told}; seconds per document at {many:,} documents over those at {few:,}"
        ),
    }


def _entry(key: str, runs: list[float], note: str) -> dict[str, Any]:
    return {"value": median(runs), "goal": KEYS[key], "runs": runs, "note": f"{note}; median of {len(runs)}"}


def _rate(made: Any, documents: int) -> float:
    """Documents per second."""
    spec = resolve(PRESET).scaled(documents)
    spec = spec.model_copy(update={"documents": spec.documents.model_copy(update={"tail": 0})})
    start = time.perf_counter()
    made(spec)
    return documents / (time.perf_counter() - start)


def _ours(spec: Spec) -> None:
    with tempfile.TemporaryDirectory() as folder:
        write(spec, Path(folder) / "made", WORKERS)


def _theirs(spec: Spec) -> None:
    world = build(spec)
    per_document = world.counts.sum() / (spec.documents.total * (1 - spec.documents.validation - spec.documents.test))
    exposed = world.keywords.spurious.sum() + spec.topics.words + per_document * world.evidence.mean()
    make_multilabel_classification(
        spec.documents.total,
        n_features=len(world.plain) + len(world.pool) + len(world.keywords.word),
        n_classes=spec.labels,
        n_labels=round(per_document),
        length=round(spec.length.plain + exposed),
        sparse=True,
        return_indicator="sparse",
        random_state=0,
    )
