"""Recall, F1 and average precision over 200,000 x 485, against torchmetrics, in one process."""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from ablate.data.labels import Labels
from ablate.metrics.alarms import budget, top_pairs
from ablate.metrics.counts import Counts
from ablate.metrics.ranking import average_precision
from benchmarks.ratios.long_tail import long_tailed

KEYS = {"metrics_vs_torchmetrics": 5.0}

DOCUMENTS, LABELS, PER_DOCUMENT = 200_000, 485, 2.6
QUICK, QUICK_DOCUMENTS = "ABLATE_BENCH_QUICK", 2_000  # set to 1: to see that everything runs
WARM_UP = 2_000  # documents
REPEATS = 3

NOTE = (
    "ours: macro and micro recall and F1 with 2.6 alarms per document, recall and F1 at 0.5, average precision; "
    "torchmetrics: macro recall and F1 at 0.5 and exact average precision (MultilabelRecall, MultilabelF1Score, "
    "MultilabelAveragePrecision), its dense integer targets made beforehand; torch has {threads} threads, ours one"
)


def measure() -> dict[str, dict[str, Any]]:
    """Time both in turn; ``value`` is the median of the ratios."""
    labels = long_tailed(QUICK_DOCUMENTS if os.environ.get(QUICK) == "1" else DOCUMENTS, LABELS, PER_DOCUMENT, 0)
    scores = drawn_scores(labels, 1)
    targets = torch.zeros(scores.shape, dtype=torch.long)
    targets[torch.from_numpy(labels.rows), torch.from_numpy(labels.indices).long()] = 1
    few = np.arange(WARM_UP)
    ours(scores[few], labels.take(few))
    theirs(torch.from_numpy(scores[few]), targets[:WARM_UP])
    runs = []
    for _ in range(REPEATS):
        own = seconds(lambda: ours(scores, labels))
        other = seconds(lambda: theirs(torch.from_numpy(scores), targets))
        runs.append({"ours_seconds": own, "theirs_seconds": other})
    ratio = statistics.median(run["theirs_seconds"] / run["ours_seconds"] for run in runs)
    note = NOTE.format(threads=torch.get_num_threads())
    return {name: {"value": ratio, "goal": goal, "runs": runs, "note": note} for name, goal in KEYS.items()}


def drawn_scores(labels: Labels, seed: int) -> np.ndarray:
    """Logits of a fair classifier, float32 [N, L]: normal, positives 3 higher."""
    scores = np.random.default_rng(seed).standard_normal((len(labels), labels.width), np.float32) - np.float32(3)
    scores[labels.rows, labels.indices] += 3
    return scores


def ours(scores: np.ndarray, labels: Labels) -> list[float]:
    """Recall and F1 at budget and at 0.5, and mean average precision."""
    alarms = top_pairs(scores, budget(len(labels), PER_DOCUMENT))
    found = [Counts.of_pairs(alarms, labels), Counts.of_rule(scores, labels, lambda z: z > 0)]
    figures = [figure for c in found for figure in (c.macro_recall, c.micro_recall, c.macro_f1, c.micro_f1)]
    return [*figures, float(np.nanmean(average_precision(scores, labels)))]


def theirs(scores: torch.Tensor, targets: torch.Tensor) -> list[float]:
    """Macro recall and F1 at 0.5 and mean average precision, of logits."""
    from torchmetrics.classification import MultilabelAveragePrecision, MultilabelF1Score, MultilabelRecall

    figures = []
    for kind in (MultilabelRecall, MultilabelF1Score, MultilabelAveragePrecision):
        metric = kind(scores.shape[1])
        metric.update(scores, targets)
        figures.append(float(metric.compute()))
    return figures


def seconds(work: Callable[[], object]) -> float:
    """How long it takes."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start
