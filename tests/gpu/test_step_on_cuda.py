"""A training step on CUDA: the CPU's figures, one fused optimiser, and no waiting for the device."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from ablate.catalog import BASELINE
from ablate.components.freezing import HeadOnly, LastLayers
from ablate.factors import Head
from ablate.strategy import Strategy
from ablate.study.settings import Settings
from ablate.train.loop import Loop
from ablate.train.setting import Setting
from benchmarks.ratios import corpus
from benchmarks.ratios.case import base

CPU = torch.device("cpu")
STEPS, BATCH = 12, 8
STRATEGIES = {
    "full": BASELINE,
    "last layers": Strategy("last-layers", freezing=LastLayers(1)),
    "head only": Strategy("head-only", freezing=HeadOnly()),
}


def setting(device: torch.device, strategy: Strategy, precision: str, cache) -> Setting:
    random = np.random.default_rng(0)
    data = corpus.dataset(corpus.lengths(4 * BATCH, random), random, labels=20)
    return Settings(data, device, precision, STEPS, BATCH, corpus.LONGEST, 1.0, cache).of(strategy)


def on_the_case(strategy: Strategy) -> Strategy:
    """Dropout off: the devices draw different masks."""
    return base("bert", CPU, shrink=12).strategy(strategy).replace(head=Head(dropout=0.0))


def trained(device: torch.device, strategy: Strategy, precision: str, cache) -> Loop:
    made = setting(device, strategy, precision, cache)
    made.encoder.set_dropout(0.0)
    loop = Loop(strategy, made, 0)
    loop.begin()
    loop.train(STEPS)
    return loop


@pytest.mark.parametrize("name", STRATEGIES)
def test_losses_in_fp32_are_those_of_the_cpu(name, cuda, tmp_path):
    strategy = on_the_case(STRATEGIES[name])
    here, there = (trained(device, strategy, "fp32", tmp_path / device.type) for device in (CPU, cuda))
    torch.testing.assert_close(there.losses.cpu(), here.losses, atol=1e-4, rtol=1e-3)
    assert torch.equal(there.drawn.cpu(), here.drawn)


@pytest.mark.parametrize("name", STRATEGIES)
def test_bf16_trains_to_nearly_the_same_loss(name, cuda, tmp_path):
    strategy = on_the_case(STRATEGIES[name])
    exact, rounded = (trained(cuda, strategy, kind, tmp_path / kind) for kind in ("fp32", "bf16"))
    torch.testing.assert_close(rounded.losses, exact.losses, atol=0.02, rtol=0.02)
    assert all(p.dtype == torch.float32 for p in rounded.model.parameters())


@pytest.mark.parametrize("name", STRATEGIES)
@pytest.mark.filterwarnings("ignore:Synchronization debug mode is a prototype")
def test_no_step_waits_for_the_device(name, cuda, tmp_path):
    strategy = on_the_case(STRATEGIES[name])
    loop = Loop(strategy, setting(cuda, strategy, "bf16", tmp_path), 0)
    loop.begin()
    loop.train(2)  # the optimiser's state is made, kernels are chosen
    torch.cuda.set_sync_debug_mode("error")
    try:
        loop.train(3)
    finally:
        torch.cuda.set_sync_debug_mode("default")
    assert loop.step == 5


def test_the_fused_optimiser_takes_the_steps_of_the_plain_one(cuda):
    torch.manual_seed(0)
    starts, gradients = ([torch.randn(n, device=cuda) for n in (7, 300)] for _ in range(2))
    ends = []
    for fused in (True, False):
        parameters = [start.clone().requires_grad_() for start in starts]
        optimizer = torch.optim.AdamW(parameters, lr=1e-2, fused=fused, foreach=None if fused else False)
        for _ in range(5):
            for parameter, gradient in zip(parameters, gradients, strict=True):
                parameter.grad = gradient.clone()
            optimizer.step()
        ends.append(parameters)
    for one, other in zip(*ends, strict=True):
        torch.testing.assert_close(one, other, atol=1e-6, rtol=1e-5)


def test_batches_copied_ahead_are_those_of_the_cpu(cuda, tmp_path):
    strategy = on_the_case(BASELINE)
    rows = np.array([3, 0, 7, 7, 21])
    here, there = (
        setting(device, strategy, "fp32", tmp_path / device.type).inputs.take(rows) for device in (CPU, cuda)
    )
    assert there.ids.device.type == "cuda"
    assert there.lengths.device.type == "cpu"
    assert torch.equal(there.ids.cpu(), here.ids)
    assert torch.equal(there.lengths, here.lengths)
