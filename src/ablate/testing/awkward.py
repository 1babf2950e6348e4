"""What a strategy has to bear: other orders, batches and splits of one kind, half precision, weights of a million."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from ablate.data.labels import Labels
from ablate.errors import AblateError
from ablate.factors import Procedure
from ablate.objective import known_shift
from ablate.stats import LabelStats
from ablate.strategy import Strategy, factor_of
from ablate.testing.toy import LABELS, NAMES, need, toy_batch, toy_labels, toy_objective, toy_stats, toy_step
from ablate.train.model import Model

#: Batches of one kind: documents, and the target of every pair.
BATCHES = {
    "one document without positives": (1, 0.0),
    "one document with every label": (1, 1.0),
    "eight documents without positives": (8, 0.0),
    "eight documents with every label": (8, 1.0),
}
#: Training splits of one kind: the labels of each document, and the number of labels.
SPLITS = {
    "one label": ([[0], [], [], [0]], 1),
    "one document": ([[0, 1]], 2),
    "every label everywhere": ([[0, 1, 2]] * 4, 3),
    "one label everywhere": ([[0], [0, 1], [0], [0]], 2),
    "one label on a single document of thousands": ([[0]] + [[1]] * 3000, 2),
}
MILLION = 1e6
#: Training positives in a million documents, from one to all but one.
COUNTS = (1.0, 10.0, 1_000.0, 500_000.0, 999_999.0)


def check_permutations(strategy: Strategy) -> None:
    """Weights and draw weights follow documents and labels into another order."""
    for level in levels(strategy):
        _, targets = toy_batch()
        documents, columns = torch.arange(len(targets)).roll(3), torch.arange(LABELS).roll(2)
        plain = _weights(level, targets, _later())
        moved = _weights(level, targets[documents], _later())
        _same(moved, plain[documents], strategy, "weights", "documents")
        moved = _weights(level, targets[:, columns], _later(columns))
        _same(moved, plain[:, columns], strategy, "weights", "labels")
        labels = toy_labels()
        rows = np.roll(np.arange(len(labels)), 3)
        draws = level.sampler.weights(labels, _later()).double()
        moved = level.sampler.weights(labels.take(rows), _later()).double()
        _same(moved, draws[torch.from_numpy(rows)], strategy, "draw weights", "documents")
        moved = level.sampler.weights(labels.keep(columns.numpy()), _later(columns)).double()
        _same(moved, draws, strategy, "draw weights", "labels")


def check_batches(strategy: Strategy) -> None:
    """Batches without positives, all positive and of one document give a finite loss and finite gradients."""
    for level in levels(strategy):
        for what, (documents, target) in BATCHES.items():
            goal, stats = toy_objective(level), toy_stats()
            targets = torch.full((documents, LABELS), target)
            start = level.bias.start(goal, stats).expand_as(targets)
            _finite(lambda z, g=goal, t=targets, s=stats: g(z, t, s), start, strategy, f"a batch of {what}")  # type: ignore[misc]


def check_splits(strategy: Strategy) -> None:
    """Training splits of one label, one document or one kind of document give finite starts, draws and steps."""
    for level in levels(strategy):
        for what, labels in awkward_splits().items():
            stats, where = toy_stats(labels), f"a training split of {what}"
            draws = level.sampler.weights(labels, stats)
            fine = bool(torch.isfinite(draws).all() and (draws >= 0).all() and draws.sum() > 0)
            need(fine, strategy, f"{where} gives draw weights that are not finite, negative or all zero")
            shift = known_shift(toy_objective(level, labels), stats)
            need(bool(torch.isfinite(shift).all()), strategy, f"{where} gives a known shift that is not finite")
            _finite_step(*toy_step(level, labels), strategy, where)


def check_half_precision(strategy: Strategy) -> None:
    """A step under bf16 autocast has a finite loss and finite gradients, as one in fp32 has."""
    for level in levels(strategy):
        for bf16, where in ((False, "a step in fp32"), (True, "a step in bf16")):
            _finite_step(*toy_step(level, bf16=bf16), strategy, where)


def check_large_weights(strategy: Strategy) -> None:
    """Counts from one in a million on, and weights of a million on positives, keep loss and gradients finite."""
    for level in levels(strategy):
        _, targets = toy_batch()
        logits = torch.linspace(-8, 8, targets.numel()).view_as(targets)
        rare = LabelStats(torch.tensor(COUNTS), int(MILLION), NAMES)
        given = _weights(level, targets, rare)
        need(bool(torch.isfinite(given).all()), strategy, "a weight at one positive in a million is not finite; cap it")
        large = torch.where(targets > 0, MILLION, 1.0)
        for weights, stats, what in (
            (given, rare, "one positive in a million documents"),
            (large, toy_stats(), "a weight of a million on each positive"),
        ):

            def loss(z: Tensor, weights: Tensor = weights, stats: LabelStats = stats) -> Tensor:
                shifted = level.shift.shift(z, targets, stats)  # noqa: B023 (called within this turn alone)
                weighed = level.shift.reweigh(weights, targets)  # noqa: B023
                return level.loss(shifted, targets, weighed, stats)  # noqa: B023

            _finite(loss, logits, strategy, what)


CHECKS: tuple[Callable[[Strategy], None], ...] = (
    check_permutations,
    check_batches,
    check_splits,
    check_half_precision,
    check_large_weights,
)


def awkward_splits() -> dict[str, Labels]:
    """The training splits of one kind, by what is awkward about them."""
    return {what: Labels.from_lists(rows, width) for what, (rows, width) in SPLITS.items()}


def levels(strategy: Strategy) -> Iterator[Strategy]:
    """The strategy itself, and what each of its stages trains with.

    What is wrong with the stages themselves is said by :func:`ablate.testing.check_stages`.
    """
    yield strategy
    for stage in strategy.procedure.stages():
        try:
            changes = {factor_of(part): part for part in stage.changes}
            level = strategy.replace(procedure=Procedure(), **changes)
        except AblateError:
            continue
        if changes:
            yield level


def _later(columns: Tensor | None = None) -> LabelStats:
    """Statistics late in a run, where some labels are found by now; the labels in another order where one is given."""
    stats = replace(toy_stats(), progress=0.9, running_recall=torch.linspace(0.1, 0.9, LABELS))
    if columns is None:
        return stats
    names = tuple(stats.names[number] for number in columns.tolist())
    recall = stats.running_recall[columns]
    return replace(stats, positives=stats.positives[columns], names=names, running_recall=recall, memory={})


def _weights(strategy: Strategy, targets: Tensor, stats: LabelStats) -> Tensor:
    return strategy.weighting.weights(targets, stats).expand_as(targets)


def _same(found: Tensor, wanted: Tensor, strategy: Strategy, what: str, moved: str) -> None:
    need(
        torch.allclose(found, wanted, rtol=1e-4, atol=1e-6),
        strategy,
        f"{what} change where {moved} change places; compute them from targets and counts, not from positions",
    )


def _finite(loss: Callable[[Tensor], Tensor], logits: Tensor, strategy: Strategy, where: str) -> None:
    """The loss of logits [B, L] and its gradient are finite."""
    leaf = logits.detach().float().clone().requires_grad_()
    value = loss(leaf)
    need(bool(torch.isfinite(value).all()), strategy, f"{where} gives a loss of {value.detach()}; {GUARD}")
    if value.requires_grad:
        value.sum().backward()  # type: ignore[no-untyped-call]
        need(bool(torch.isfinite(leaf.grad).all()), strategy, f"{where} gives a gradient that is not finite; {GUARD}")  # type: ignore[arg-type]


GUARD = "guard logarithms and divisions by zero"


def _finite_step(model: Model, loss: Tensor, strategy: Strategy, where: str) -> None:
    need(bool(torch.isfinite(loss)), strategy, f"{where} gives a loss of {float(loss)}; {GUARD}")
    gradients = [p.grad for p in model.parameters() if p.grad is not None]
    fine = all(bool(torch.isfinite(gradient).all()) for gradient in gradients)
    need(fine, strategy, f"{where} gives a gradient that is not finite; {GUARD}")
