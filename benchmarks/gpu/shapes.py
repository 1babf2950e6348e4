"""The table of ratios for the base sizes of BERT and RoBERTa, random weights, on one device."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from ablate.catalog import BASELINE
from benchmarks.ratios import corpus, frozen4, full, head_sweep, ours, peak, trainer
from benchmarks.ratios.case import Case
from benchmarks.ratios.trainer import Rows, Way


@dataclass(frozen=True)
class Sizes:
    """How much of each kind of work is measured; ``side`` is that of the product."""

    full: full.Size = full.Size(steps=40, batch=32)
    frozen: frozen4.Size = frozen4.Size(documents=3_200, batch=32, trained=4)
    sweep: head_sweep.Size = head_sweep.Size(measured=40)
    side: int = 8192


QUICK = Sizes(full.QUICK, frozen4.Size(8, 4, 1), head_sweep.Size(1, 1, 32, 1), 256)


def ratios(case: Case, sizes: Sizes) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every ratio of the CPU's table that an encoder's size bears on, as each is measured."""
    yield from full.compare(case, sizes.full).items()
    yield "share_of_peak", peak.share(case, sizes.full, peak.KEYS["share_of_peak"], sizes.side)
    yield "frozen_vs_trainer", frozen4.compare(case, sizes.frozen, frozen4.KEYS["frozen4_vs_trainer"])
    data, told = head_sweep.titles()
    key = "head_sweep_vs_trainer"
    yield key, head_sweep.compare(case, sizes.sweep, data, told, head_sweep.KEYS[key])


def peak_memory(case: Case, size: full.Size) -> Iterator[tuple[str, int]]:
    """Most bytes that the device held in full fine-tuning, ours and the Trainer's, both in bf16."""
    random = np.random.default_rng(5)
    data = corpus.dataset(corpus.lengths(size.steps * size.batch, random), random)
    strategy = case.strategy(BASELINE)
    with ours.fresh_cache() as cache:
        setting = ours.settings(case, data, cache, size.steps, size.batch, corpus.LONGEST).of(strategy)
        rows = Rows.of(case, setting.prepared)
        yield "ours", _most(case.device, lambda: ours.step_seconds(strategy, setting))
        way = Way(bf16=setting.precision == "bf16")
        yield "trainer", _most(case.device, lambda: trainer.step_seconds(rows, way, size.steps, size.batch))


def _most(device: torch.device, work: Any) -> int:
    if device.type != "cuda":
        return 0
    torch.cuda.empty_cache()
    torch.cuda.reset_peak_memory_stats(device)
    before = torch.cuda.memory_allocated(device)
    work()
    return torch.cuda.max_memory_allocated(device) - before
