"""One run from top to bottom: a strategy, a seed, a step budget; scores and a learning curve come out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ablate.data.labels import Labels
from ablate.factors import Loss, Stage, factor_of
from ablate.metrics.alarms import budget
from ablate.metrics.measure import point
from ablate.objective import Objective, known_shift, objective, sampled_prior
from ablate.stats import LabelStats
from ablate.strategy import Strategy
from ablate.train.evaluate import score
from ablate.train.inputs import Inputs
from ablate.train.model import Model, build_model, groups, set_mode, set_trainable
from ablate.train.order import Order
from ablate.train.setting import EVALUATIONS, Setting

#: A watcher is told (step, curve so far) at each evaluation point and answers whether to go on.
Watcher = Callable[[int, "Curve"], bool]


@dataclass
class Curve:
    """What was measured at the evaluation points, the first before any training."""

    steps: list[int] = field(default_factory=list)
    macro: list[float] = field(default_factory=list)
    micro: list[float] = field(default_factory=list)
    loss: list[float] = field(default_factory=list)

    @property
    def balanced(self) -> list[float]:
        """Mean of macro and micro recall at budget at each point."""
        return [(a + b) / 2 for a, b in zip(self.macro, self.micro, strict=True)]


@dataclass(frozen=True, eq=False)
class Outcome:
    """What a run leaves behind; ``status`` is finished, pruned or failed (with the reason).

    ``loss`` is that of the last stage: it says how logits rank. Shapes: ``losses`` and ``norms`` [steps done];
    ``drawn`` [L], positives of each label in the batches drawn.
    """

    status: str
    reason: str
    model: Model
    loss: Loss
    curve: Curve
    losses: NDArray[np.float32]
    norms: NDArray[np.float32]
    drawn: NDArray[np.int64]


def run(strategy: Strategy, setting: Setting, seed: int, watch: Watcher, tick: Callable[[int], None]) -> Outcome:
    """Train one configuration with one seed.

    ``watch`` may stop the run at an evaluation point (pruning); ``tick`` is told every finished step.
    """
    streams = np.random.SeedSequence(seed).spawn(3)
    initialisation, dropout = (int(s.generate_state(1)[0]) for s in (streams[0], streams[2]))
    torch.manual_seed(initialisation)
    loop = _Loop(strategy, setting, streams[1], watch, tick)
    torch.manual_seed(dropout)
    status, reason = loop.all_stages()
    if status == "finished":
        strategy.procedure.finish(loop.model, loop.stats)
    return loop.outcome(status, reason)


class _Loop:
    """The state of one run."""

    def __init__(
        self,
        strategy: Strategy,
        setting: Setting,
        order: np.random.SeedSequence,
        watch: Watcher,
        tick: Callable[[int], None],
    ) -> None:
        self.strategy, self.setting, self._order_seed, self._watch, self._tick = strategy, setting, order, watch, tick
        self.inputs: Inputs = setting.inputs
        self.labels: Labels = setting.prepared.labels["train"]
        self.rows = setting.prepared.rows["train"]
        self.stats: LabelStats = setting.prepared.stats().to(setting.device)
        self.encoder = setting.encoder_for(strategy)
        self.level = strategy
        self.objective = self._objective(strategy)
        self.model = build_model(strategy, self.encoder, setting.frozen, self.objective, self.stats, setting.prefix)
        self.curve, self.step = Curve(), 0
        steps = setting.steps
        self.losses = torch.full((steps,), float("nan"), device=setting.device)
        self.norms = torch.full((steps,), float("nan"), device=setting.device)
        self.hits = torch.zeros(self.labels.width, device=setting.device)
        self.seen = torch.zeros(self.labels.width, device=setting.device)
        self.drawn = torch.zeros(self.labels.width, dtype=torch.long, device=setting.device)
        self.probe = setting.probe()

    def all_stages(self) -> tuple[str, str]:
        """Run the stages in order; stop at the first that does not finish."""
        self._evaluate(known_shift(self.objective, self.stats))
        start = 0
        for number, stage in enumerate(self.strategy.procedure.stages()):
            last = number == len(self.strategy.procedure.stages()) - 1
            steps = self.setting.steps - start if last else round(stage.share * self.setting.steps)
            status, reason = self._stage(stage, start, steps, self._order_seed.spawn(1)[0])
            if status != "finished":
                return status, reason
            start += steps
        return "finished", ""

    def outcome(self, status: str, reason: str) -> Outcome:
        """What is left of the run."""
        done = slice(0, self.step)
        losses, norms = self.losses[done].cpu().numpy(), self.norms[done].cpu().numpy()
        return Outcome(status, reason, self.model, self.level.loss, self.curve, losses, norms, self.drawn.cpu().numpy())

    def _stage(self, stage: Stage, start: int, steps: int, seed: np.random.SeedSequence) -> tuple[str, str]:
        level = self.strategy.replace(**{factor_of(part): part for part in stage.changes})
        self._enter(level, stage)
        corrected = known_shift(self.objective, self.stats)
        optimizer = level.optimizer.build(groups(self.model, level, self.setting.rate))
        order = Order(level.sampler, self.labels, self.stats, seed)
        points = {start + round(steps * (k + 1) / EVALUATIONS) for k in range(EVALUATIONS)}
        for step in range(start, start + steps):
            self.stats.progress = step / self.setting.steps
            self._set_rates(optimizer, level.schedule.scale((step - start + 0.5) / steps))
            self._train_step(level, optimizer, order)
            self.step = step + 1
            self._tick(self.step)
            if self.step in points:
                if not bool(torch.isfinite(self.losses[: self.step]).all()):
                    first = int((~torch.isfinite(self.losses[: self.step])).nonzero()[0, 0]) + 1
                    return "failed", f"the loss was not finite at step {first}"
                self._evaluate(corrected)
                self._forget()
                if order.refresh():
                    corrected = known_shift(self._redrawn(level, order), self.stats)
                self._freeze(level)
                if not self._watch(self.step, self.curve):
                    return "pruned", f"stopped at step {self.step}: behind the median of earlier trials"
        return "finished", ""

    def _enter(self, level: Strategy, stage: Stage) -> None:
        """Take over what a stage changes and resets."""
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
        self._freeze(level)

    def _train_step(self, level: Strategy, optimizer: torch.optim.Optimizer, order: Order) -> None:
        rows = order.batch(self.setting.batch_size)
        targets, pairs = self._targets(rows)
        with self.setting.autocast():
            features = self.model.features(self.inputs.take(self.rows[rows]))
            if isinstance(features, Tensor):
                features, targets = level.mixer.mix(features, targets, self.stats)
            logits = self.model.logits(features)
        logits = logits.float()
        if self.setting.caps_logits(level):
            logits.register_hook(lambda gradient: level.clipping.at_logits(gradient, self.stats))  # type: ignore[no-untyped-call]
        loss = self.objective(logits, targets, self.stats)
        loss.backward()  # type: ignore[no-untyped-call]
        gradients = [p.grad for p in self.model.parameters() if p.grad is not None]
        norm = torch.nn.utils.get_total_norm(gradients)
        level.clipping.clip(gradients, norm)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        level.procedure.after_step(self.model, self.stats)
        self.losses[self.step], self.norms[self.step] = loss.detach(), norm
        self._recall(logits.detach(), pairs, level)

    def _targets(self, rows: NDArray[np.int64]) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        """Dense targets [B, L], scattered on the device, and the positive pairs."""
        part = self.labels.take(rows)
        device = self.setting.device
        where = torch.from_numpy(part.rows).to(device), torch.from_numpy(part.indices).long().to(device)
        targets = torch.zeros(len(rows), self.labels.width, device=device)
        targets[where] = 1.0
        return targets, where

    def _recall(self, logits: Tensor, pairs: tuple[Tensor, Tensor], level: Strategy) -> None:
        """Count the positives of this batch that the model raises at 0.5."""
        found = (level.loss.scores(logits)[pairs] > level.loss.native_cut).float()
        self.hits.index_add_(0, pairs[1], found)
        self.seen.index_add_(0, pairs[1], torch.ones_like(found))
        self.drawn.index_add_(0, pairs[1], torch.ones_like(pairs[1]))

    def _forget(self) -> None:
        """Turn the counts since the last evaluation point into running recall; older ones fade by half."""
        recall = self.hits / self.seen.clamp(min=1)
        self.stats.running_recall = torch.where(self.seen > 0, recall, self.stats.running_recall)
        self.hits /= 2
        self.seen /= 2

    def _evaluate(self, corrected: Tensor) -> None:
        rows, labels = self.probe
        scores = score(self.model, self.inputs, rows, self.level.loss, self.setting)
        scores -= corrected.cpu().numpy()
        alarms = budget(len(rows), self.setting.alarms_per_document)
        finite = bool(np.isfinite(scores).all())
        macro, micro = point(scores, labels, alarms, 0) if finite else (0.0, 0.0)
        self.curve.steps.append(self.step)
        self.curve.macro.append(macro)
        self.curve.micro.append(micro)
        since = self.curve.steps[-2] if len(self.curve.steps) > 1 else 0
        self.curve.loss.append(float(self.losses[since : self.step].mean()) if self.step > since else float("nan"))

    def _freeze(self, level: Strategy) -> None:
        set_trainable(self.model, level, self.stats.progress)
        set_mode(self.model)

    def _objective(self, level: Strategy) -> Objective:
        return objective(level.loss, level.weighting, level.shift, level.sampler, self.labels, self.stats)

    def _redrawn(self, level: Strategy, order: Order) -> Objective:
        """The objective under what the sampler draws now."""
        return replace(self.objective, prior=sampled_prior(level.sampler, self.labels, self.stats, order.weights))

    @staticmethod
    def _set_rates(optimizer: torch.optim.Optimizer, factor: float) -> None:
        for group in optimizer.param_groups:
            group["lr"] = group["peak"] * factor
