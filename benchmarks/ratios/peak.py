"""How much of what the processor can multiply goes into the model."""

from __future__ import annotations

from statistics import median
from typing import Any

import numpy as np

from ablate.catalog import BASELINE
from ablate.strategy import Strategy
from ablate.train.device import precision
from ablate.train.setting import Setting
from benchmarks.ratios import corpus, ours
from benchmarks.ratios.case import Case, minilm
from benchmarks.ratios.clock import product_flops
from benchmarks.ratios.entry import REPEATS, entry
from benchmarks.ratios.full import QUICK, Size
from benchmarks.ratios.modules import quick

KEYS = {"share_of_peak": 0.40}


def measure() -> dict[str, dict[str, Any]]:
    """The share with MiniLM on the CPU."""
    return {"share_of_peak": share(minilm(), QUICK if quick() else Size(), KEYS["share_of_peak"])}


def share(case: Case, size: Size, goal: float, side: int = 1536) -> dict[str, Any]:
    """Product and training in turn; the value is the median of their ratios."""
    random = np.random.default_rng(2)
    data = corpus.dataset(corpus.lengths(size.steps * size.batch, random), random)
    own, strategy = precision(case.device), case.strategy(BASELINE)
    with ours.fresh_cache() as cache:
        setting = ours.settings(case, data, cache, size.steps, size.batch, corpus.LONGEST).of(strategy)
        work = model_flops(strategy, setting)
        ours.step_seconds(strategy, setting)
        runs = [_run(case, strategy, setting, work, own, side) for _ in range(REPEATS)]
    value = median(run["model_flops_per_second"] / run["product_flops_per_second"] for run in runs)
    peak = median(run["product_flops_per_second"] for run in runs) / 1e9
    return entry(goal, runs, f"a {side}^3 {own} product runs at {peak:.0f} GFLOP/s here", value)


def model_flops(strategy: Strategy, setting: Setting) -> float:
    """FLOPs of one epoch: 6 x parameters outside the embeddings, the head's included, x tokens."""
    layers = ours.begun(strategy, setting).model.layers()
    parameters = sum(p.numel() for layer, own in layers if not layer.is_embedding for p in own)
    prepared = setting.prepared
    tokens = int(np.minimum(prepared.lengths[prepared.rows["train"]], prepared.max_length).sum())
    return 6.0 * parameters * tokens


def _run(case: Case, strategy: Strategy, setting: Setting, work: float, own: str, side: int) -> dict[str, float]:
    product = product_flops(case.device, own, side)
    took = ours.step_seconds(strategy, setting)
    return {
        "model_flops_per_second": work / took,
        "product_flops_per_second": product,
        "ours_seconds": took,
    }
