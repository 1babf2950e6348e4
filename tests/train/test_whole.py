"""Micro-batches change memory, not the gradient; a thread that works ahead changes nothing."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pytest
import torch
from small_settings import go_on, ignore
from torch import Tensor, nn

from ablate.factors import Head, Loss, Mixer
from ablate.strategy import Strategy
from ablate.train.batches import Batches
from ablate.train.compute import Compute
from ablate.train.loop import Loop
from ablate.train.order import Order
from ablate.train.run import run
from ablate.train.setting import Setting
from ablate.train.whole import backward


@dataclass(frozen=True)
class Contrast(Loss):
    """A loss in which every document sees all others: no sum over parts of the batch gives it."""

    def __call__(self, logits: Tensor, targets: Tensor, weights: Tensor, stats) -> Tensor:
        return ((logits - logits.mean(0)) * (targets - 0.5)).logsumexp((0, 1))


@dataclass(frozen=True)
class PerToken(Head):
    """Mean of a linear map of every token."""

    reads = "tokens"

    def build(self, encoder, stats) -> nn.Module:
        class Mean(nn.Module):
            def __init__(self) -> None:
                super().__init__()
                self.linear = nn.Linear(encoder.width, len(stats.positives), bias=False)

            def forward(self, tokens) -> Tensor:
                return replace(tokens, flat=torch.tanh(self.linear(tokens.flat))).mean()

        return Mean()


@dataclass(frozen=True)
class Half(Mixer):
    """Every document half mixed with its mirror image in the batch."""

    def mix(self, features, targets, stats):
        return (features + features.flip(0)) / 2, (targets + targets.flip(0)) / 2


def gradients(strategy: Strategy, setting: Setting, compute: Compute) -> list[Tensor]:
    loop = Loop(strategy, replace(setting, compute=compute), 0)
    loop.encoder.set_dropout(0.0)
    loop.begin()
    batch = next(loop._batches.next(1))
    logits, loss = backward(loop.model, loop.level, loop.objective, loop.stats, loop.setting, batch)
    return [logits, loss, *(p.grad for p in loop.model.parameters() if p.grad is not None)]


STRATEGIES = {
    "cross-entropy": Strategy("plain", head=Head(0.0)),
    "a loss of the whole batch": Strategy("contrast", head=Head(0.0), loss=Contrast()),
    "a head that reads tokens": Strategy("tokens", head=PerToken()),
    "a mixer": Strategy("mixed", head=Head(0.0), mixer=Half()),
}


@pytest.mark.parametrize("tokens", [1, 30, 64])
@pytest.mark.parametrize("name", STRATEGIES)
def test_micro_batches_give_the_gradient_of_the_whole_batch(bert: Setting, name: str, tokens: int):
    whole = gradients(STRATEGIES[name], bert, Compute())
    parts = gradients(STRATEGIES[name], bert, Compute(micro_batch_tokens=tokens))
    assert len(whole) == len(parts) > 10
    for a, b in zip(whole, parts, strict=True):
        torch.testing.assert_close(a, b, atol=1e-5, rtol=1e-4)


def test_a_batch_that_fits_is_not_cut(bert: Setting):
    whole, fits = (gradients(STRATEGIES["cross-entropy"], bert, Compute(m)) for m in (None, 10_000))
    for a, b in zip(whole, fits, strict=True):
        assert torch.equal(a, b)


def test_both_passes_of_a_micro_batch_drop_the_same(bert: Setting):
    """With dropout on, the features that the loss saw are those whose gradient is taken."""
    seen: list[Tensor] = []

    @dataclass(frozen=True)
    class Watched(Head):
        def build(self, encoder, stats):
            encoder.register_forward_hook(lambda module, args, out: seen.append(out.flat.detach().clone()))
            return super().build(encoder, stats)

    loop = Loop(Strategy("watched", head=Watched(0.0)), replace(bert, compute=Compute(40)), 0)
    loop.begin()
    loop.train(1)
    first, second = seen[: len(seen) // 2], seen[len(seen) // 2 :]
    assert len(first) > 1
    for a, b in zip(first, second, strict=True):
        assert torch.equal(a, b)


@pytest.mark.parametrize("compute", [Compute(micro_batch_tokens=50), Compute(checkpointing=True)], ids=str)
def test_a_run_with_dropout_off_is_the_same_however_it_is_computed(bert: Setting, compute: Compute):
    encoder = bert.encoder
    encoder.set_dropout(0.0)
    strategy = STRATEGIES["cross-entropy"]
    plain = run(strategy, bert, 0, go_on, ignore)
    other = run(strategy, replace(bert, compute=compute), 0, go_on, ignore)
    np.testing.assert_allclose(plain.losses, other.losses, atol=1e-5)
    np.testing.assert_allclose(plain.norms, other.norms, atol=1e-4)


def test_batches_are_the_same_with_a_thread_and_without(bert: Setting):
    """Also where the sampler is asked again in between: the thread never runs past what was asked for."""
    labels, stats = bert.prepared.labels["train"], bert.prepared.stats()
    seen = []
    for ahead in (True, False):
        order = Order(Strategy("plain").sampler, labels, stats, np.random.SeedSequence(4))
        batches = Batches(_AheadOrNot(bert, ahead), labels, order)
        found = [batch.inputs.ids.tolist() for batch in batches.next(7)]
        order._epoch = order._epoch[::-1].copy()  # as a sampler with new weights would
        seen.append(found + [batch.inputs.ids.tolist() for batch in batches.next(5)])
    assert seen[0] == seen[1]
    assert len(seen[0]) == 12


class _AheadOrNot:
    def __init__(self, setting: Setting, ahead: bool) -> None:
        self._setting, self.ahead = setting, ahead

    def __getattr__(self, name: str):
        return getattr(self._setting, name)
