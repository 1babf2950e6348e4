"""Full fine-tuning against the Trainer: in the processor's own precision, as documented, and grouped by length."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from ablate.catalog import BASELINE
from ablate.train.device import precision
from benchmarks.ratios import corpus, ours, trainer
from benchmarks.ratios.case import Case, minilm
from benchmarks.ratios.entry import REPEATS, entry, times_faster
from benchmarks.ratios.grouped import spread
from benchmarks.ratios.modules import quick
from benchmarks.ratios.trainer import Rows, Way

KEYS = {"full_vs_trainer_bf16": 2.5, "full_vs_trainer_default": 4.0, "full_vs_trainer_grouped": 1.2}


@dataclass(frozen=True)
class Size:
    """Steps of a repeat, documents of a batch, batches of the epoch that grouping draws from."""

    steps: int = 10
    batch: int = 32
    epoch: int = 200


QUICK = Size(steps=2, batch=4, epoch=8)


def measure() -> dict[str, dict[str, Any]]:
    """The three ratios with MiniLM on the CPU."""
    return compare(minilm(), QUICK if quick() else Size())


def compare(case: Case, size: Size) -> dict[str, dict[str, Any]]:
    """All ways in turn on the same documents, each once per repeat."""
    random = np.random.default_rng(0)
    lengths = corpus.lengths(size.epoch * size.batch, random)
    lengths = lengths[spread(lengths, size.batch, size.steps)]
    strategy = case.strategy(BASELINE)
    with ours.fresh_cache() as cache:
        made = ours.settings(case, corpus.dataset(lengths, random), cache, size.steps, size.batch, corpus.LONGEST)
        setting = made.of(strategy)
        rows = Rows.of(case, setting.prepared)
        runs = _alternate(ways(case, rows, size) | {"ours": lambda: ours.step_seconds(strategy, setting)})
    return {key: _entry(key, runs, case, size, lengths) for key in KEYS}


def ways(case: Case, rows: Rows, size: Size) -> dict[str, Callable[[], float]]:
    """The Trainer's ways; without bf16 in hardware, random batches in fp32 stand for two of them."""
    bf16 = precision(case.device) == "bf16"
    asked = {"default": Way(), "grouped": Way(bf16=bf16, sampling="sequential")} | (
        {"bf16": Way(bf16=True)} if bf16 else {}
    )
    return {name: _way(rows, way, size) for name, way in asked.items()}


def _way(rows: Rows, way: Way, size: Size) -> Callable[[], float]:
    return lambda: trainer.step_seconds(rows, way, size.steps, size.batch)


def _alternate(sides: dict[str, Callable[[], float]]) -> list[dict[str, float]]:
    for work in sides.values():
        work()  # warm-up: thread pools, allocator, kernels chosen
    return [{name: work() for name, work in sides.items()} for _ in range(REPEATS)]


def _entry(key: str, runs: list[dict[str, float]], case: Case, size: Size, lengths: Any) -> dict[str, Any]:
    way = key.rpartition("_")[2]
    there = way if way in runs[0] else "default"
    pairs = [{"ours_seconds": run["ours"], "theirs_seconds": run[there]} for run in runs]
    return entry(
        KEYS[key], pairs, f"{_precision_note(key, case)}; {_size_note(key, size, lengths)}", times_faster(pairs)
    )


def _precision_note(key: str, case: Case) -> str:
    own = precision(case.device)
    if key == "full_vs_trainer_default":
        return f"ours in {own}, Trainer in fp32"
    return "both in bf16" if own == "bf16" else "no bf16 here: both in fp32"


def _size_note(key: str, size: Size, lengths: Any) -> str:
    threads = torch.get_num_threads()
    told = f"{size.steps} steps of {size.batch} documents, {lengths.mean():.0f} tokens each, {threads} threads"
    grouped = f"batches spread over an epoch of {size.epoch * size.batch:,} documents in Trainer's own grouped order"
    return f"{told}; {grouped}" if key == "full_vs_trainer_grouped" else told
