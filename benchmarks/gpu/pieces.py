"""The pieces one by one: packed attention, fused optimiser, copies, options, and equality with the CPU."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from statistics import median
from typing import Any

import numpy as np
import torch

from ablate.catalog import BASELINE
from ablate.encoders.base import Batch, Encoder
from ablate.train.compute import Compute
from ablate.train.setting import Setting
from benchmarks.ratios import corpus, ours
from benchmarks.ratios.case import Case
from benchmarks.ratios.clock import seconds
from benchmarks.ratios.entry import REPEATS, side_by_side, times_faster
from benchmarks.ratios.full import Size


def pieces(case: Case, size: Size) -> Iterator[tuple[str, dict[str, Any]]]:
    """``value`` is how many times faster the first side is, or what ``unit`` says; as each is measured."""
    random = np.random.default_rng(6)
    data = corpus.dataset(corpus.lengths(size.steps * size.batch, random), random)
    strategy = case.strategy(BASELINE)
    with ours.fresh_cache() as cache:
        setting = ours.settings(case, data, cache, size.steps, size.batch, corpus.LONGEST).of(strategy)
        batch = setting.inputs.take(setting.prepared.rows["train"][: size.batch])
        encoder = setting.encoder_for(strategy)
        yield "packed against padded, forward and backward", _packed(encoder, batch, setting)
        yield "largest difference to the padded CPU path, fp32", _difference(encoder, batch)
        yield "fused against single-tensor AdamW", _optimisers(encoder, case.device)
        yield "pinned, asynchronous copy against pageable", _copies(case.device)
        for name, option in _options(case.device):
            yield f"{name} against the default", _option(setting, option)


OPTIONS: Mapping[str, Compute] = {
    "activation checkpointing": Compute(checkpointing=True),
    "micro-batches of 1,024 tokens": Compute(micro_batch_tokens=1_024),
    "torch.compile": Compute(compile=True),
}


def _options(device: torch.device) -> list[tuple[str, Compute]]:
    """Compiling is meant for CUDA alone."""
    return [(name, option) for name, option in OPTIONS.items() if device.type == "cuda" or not option.compile]


def _against(one: Callable[[], object], other: Callable[[], object], device: torch.device) -> dict[str, Any]:
    one(), other()
    runs = side_by_side(lambda: seconds(device, one), lambda: seconds(device, other), max(REPEATS, 5))
    return {"value": times_faster(runs), "unit": "x", "runs": runs}


def _packed(encoder: Encoder, batch: Any, setting: Setting) -> dict[str, Any]:
    def work(forward: Callable[[Batch], Any]) -> Callable[[], None]:
        def once() -> None:
            with setting.autocast():
                out = forward(batch).flat
            out.float().pow(2).mean().backward()
            encoder.zero_grad(set_to_none=True)

        return once

    encoder.train()
    return _against(work(encoder), work(encoder.padded), setting.device)


def _difference(encoder: Encoder, batch: Any) -> dict[str, Any]:
    """fp32 on both, dropout off; TF32 is off by default, so what is left is the order of sums."""
    encoder.eval()
    with torch.no_grad():
        here = encoder(batch).flat.cpu()
        place = next(encoder.parameters()).device
        there = encoder.cpu().padded(Batch(batch.ids.cpu(), batch.lengths)).flat
        encoder.to(place)
    return {"value": float((here - there).abs().max()), "unit": "", "runs": []}


def _optimisers(encoder: Encoder, device: torch.device) -> dict[str, Any]:
    def steps(**how: bool) -> Callable[[], None]:
        parameters = [torch.randn_like(p).requires_grad_() for p in encoder.parameters()]
        for p in parameters:
            p.grad = torch.randn_like(p)
        optimizer = torch.optim.AdamW(parameters, lr=1e-5, **how)
        return lambda: [optimizer.step() for _ in range(3)]

    return _against(steps(fused=True), steps(foreach=False), device)


def _copies(device: torch.device) -> dict[str, Any]:
    """64 MiB to the device from pinned memory, asynchronous, against pageable memory."""
    pageable = torch.zeros(16 * 2**20)
    pinned = pageable.pin_memory() if device.type == "cuda" else pageable
    return _against(lambda: pinned.to(device, non_blocking=True), lambda: pageable.to(device), device)


def _option(setting: Setting, option: Compute) -> dict[str, Any]:
    """Training steps with an option of the engine against steps without it, and the memory of both."""
    other = replace(setting, compute=option)
    strategy = BASELINE.replace(backbone=setting.prepared.backbone)
    for one in (other, setting):
        ours.step_seconds(strategy, one)
    runs = side_by_side(lambda: ours.step_seconds(strategy, other), lambda: ours.step_seconds(strategy, setting))
    found: dict[str, Any] = {"value": times_faster(runs), "unit": "x", "runs": runs}
    if setting.device.type == "cuda":
        found["memory_ratio"] = _memory(strategy, other) / _memory(strategy, setting)
    return found


def _memory(strategy: Any, setting: Setting) -> float:
    found = []
    for _ in range(REPEATS):
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats(setting.device)
        ours.step_seconds(strategy, setting)
        found.append(torch.cuda.max_memory_allocated(setting.device))
    return float(median(found))
