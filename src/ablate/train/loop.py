"""The state of one run and its training step; :mod:`ablate.train.run` decides when to evaluate and when to stop."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ablate.data.labels import Labels
from ablate.factors import Stage
from ablate.objective import Objective, objective, sampled_prior
from ablate.stats import LabelStats
from ablate.strategy import Strategy, factor_of
from ablate.train.batches import Assembled, Batches
from ablate.train.model import build_model, groups, set_mode, set_trainable
from ablate.train.order import Order
from ablate.train.setting import Setting
from ablate.train.whole import backward


class Loop:
    """A model in training, its optimiser, the order of its documents, and what every step leaves behind.

    :meth:`begin` enters a stage, :meth:`train` makes steps in it. Shapes: ``losses`` and ``norms`` [steps], NaN where a
    step is not done; ``drawn`` [L], positives of each label in the batches drawn.
    """

    def __init__(self, strategy: Strategy, setting: Setting, seed: int) -> None:
        streams = np.random.SeedSequence(seed).spawn(3)
        initialisation, dropout = (int(s.generate_state(1)[0]) for s in (streams[0], streams[2]))
        torch.manual_seed(initialisation)
        self.strategy, self.setting, self._order_seed = strategy, setting, streams[1]
        self.labels: Labels = setting.prepared.labels["train"]
        self.stats: LabelStats = setting.prepared.stats().to(setting.device)
        self.encoder = setting.encoder_for(strategy)
        self.level = strategy
        self.objective = self._objective(strategy)
        self.model = build_model(strategy, self.encoder, setting.frozen, self.objective, self.stats, setting.prefix)
        self.step = 0
        width, device = self.labels.width, setting.device
        self.losses = torch.full((setting.steps,), float("nan"), device=device)
        self.norms = torch.full((setting.steps,), float("nan"), device=device)
        self.drawn = torch.zeros(width, dtype=torch.long, device=device)
        self._hits, self._seen = torch.zeros(width, device=device), torch.zeros(width, device=device)
        torch.manual_seed(dropout)
        setting.ranks.seed(dropout)
        setting.ranks.align(self.model)

    def begin(self, number: int = 0) -> tuple[int, int]:
        """Enter a stage of the procedure; gives its first step and its number of steps."""
        stages = self.strategy.procedure.stages()
        sizes = [round(stage.share * self.setting.steps) for stage in stages[:-1]]
        sizes.append(self.setting.steps - sum(sizes))
        self._first, self._steps = sum(sizes[:number]), sizes[number]
        self._enter(stages[number])
        self.setting.ranks.align(self.model)
        self._optimizer = self.level.optimizer.build(groups(self.model, self.level, self.setting.rate))
        self._order = Order(self.level.sampler, self.labels, self.stats, self._order_seed.spawn(1)[0])
        self._batches = Batches(self.setting, self.labels, self._order)
        return self._first, self._steps

    def train(self, count: int, tick: Callable[[int], None] = lambda step: None) -> None:
        """Make ``count`` steps of the stage; ``tick`` is told each. Nothing here waits for an accelerator."""
        for batch in self._batches.next(count):
            self.stats.progress = self.step / self.setting.steps
            self._set_rates(self.level.schedule.scale((self.step - self._first + 0.5) / self._steps))
            self._one(batch)
            self.step += 1
            tick(self.step)

    def refresh(self) -> Objective | None:
        """What is done between steps at an evaluation point: running recall, the sampler's weights, freezing.

        Gives the objective under the new draws where the sampler changed its weights.
        """
        recall = self._hits / self._seen.clamp(min=1)
        ranks = self.setting.ranks
        self.stats.running_recall = ranks.agreed(torch.where(self._seen > 0, recall, self.stats.running_recall))
        self._hits /= 2  # older batches fade by half
        self._seen /= 2
        redrawn = self._redrawn() if self._order.refresh() else None
        ranks.check("the order of the documents", lambda: self._order.digest)
        self._freeze()
        return redrawn

    def _enter(self, stage: Stage) -> None:
        """Take over what a stage changes and resets."""
        level = self.strategy.replace(**{factor_of(part): part for part in stage.changes})
        if level != self.level:
            self.level, self.objective = level, self._objective(level)
        if any(factor_of(part) == "head" for part in stage.changes):
            head = level.head.carry(self.model.head, self.encoder, self.stats)
            self.model.replace_head(head, level.head.reads)
        elif "head" in stage.resets:
            self.model.replace_head(level.head.build(self.encoder, self.stats), level.head.reads)
        if {"head", "bias"} & set(stage.resets):
            with torch.no_grad():
                self.model.bias.copy_(level.bias.start(self.objective, self.stats))
        self._freeze()

    def _one(self, batch: Assembled) -> None:
        logits, loss = backward(self.model, self.level, self.objective, self.stats, self.setting, batch)
        gradients = [p.grad for p in self.model.parameters() if p.grad is not None]
        norm = torch.nn.utils.get_total_norm(gradients)
        self.level.clipping.clip(gradients, norm)
        self._optimizer.step()
        self._optimizer.zero_grad(set_to_none=True)
        self.level.procedure.after_step(self.model, self.stats)
        self.losses[self.step], self.norms[self.step] = loss, norm
        self._count(logits, batch.pairs)

    def _count(self, logits: Tensor, pairs: tuple[Tensor, Tensor]) -> None:
        """Count the positives of this batch, and those that the model raises at 0.5."""
        found = (self.level.loss.scores(logits)[pairs] > self.level.loss.native_cut).float()
        self._hits.index_add_(0, pairs[1], found)
        self._seen.index_add_(0, pairs[1], torch.ones_like(found))
        self.drawn.index_add_(0, pairs[1], torch.ones_like(pairs[1]))

    def _freeze(self) -> None:
        set_trainable(self.model, self.level, self.stats.progress)
        set_mode(self.model)

    def _objective(self, level: Strategy) -> Objective:
        return objective(level.loss, level.weighting, level.shift, level.sampler, self.labels, self.stats)

    def _redrawn(self) -> Objective:
        """The objective under what the sampler draws now."""
        prior = sampled_prior(self.level.sampler, self.labels, self.stats, self._order.weights)
        return replace(self.objective, prior=prior)

    def _set_rates(self, factor: float) -> None:
        for group in self._optimizer.param_groups:
            group["lr"] = group["peak"] * factor


def first_not_finite(losses: Tensor) -> int | None:
    """Number (from 1) of the first step whose loss is not finite; None where all are."""
    broken: NDArray[np.int64] = np.flatnonzero(~np.isfinite(losses.cpu().numpy()))
    return int(broken[0]) + 1 if len(broken) else None
