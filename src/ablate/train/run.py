"""One run from top to bottom: a strategy, a seed, a step budget; scores and a learning curve come out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from ablate.factors import Loss
from ablate.metrics.alarms import budget
from ablate.metrics.measure import point
from ablate.objective import known_shift
from ablate.strategy import Strategy
from ablate.train.evaluate import score
from ablate.train.loop import Loop, first_not_finite
from ablate.train.model import Model
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

    ``watch`` may stop the run at an evaluation point (pruning); ``tick`` is told every finished step. Of a run that is
    spread over ranks, rank 0 has the curve and asks ``watch``; the model is the same on all of them.
    """
    return _Run(Loop(strategy, setting, seed), watch, tick).all_stages()


class _Run:
    """A loop with its evaluation points."""

    def __init__(self, loop: Loop, watch: Watcher, tick: Callable[[int], None]) -> None:
        self._loop, self._setting, self._watch, self._tick = loop, loop.setting, watch, tick
        self._curve = Curve()
        self._rows, self._labels = loop.setting.probe()

    def all_stages(self) -> Outcome:
        """Run the stages in order; stop at the first that does not finish."""
        self._evaluate(known_shift(self._loop.objective, self._loop.stats))
        status, reason = "finished", ""
        for number in range(len(self._loop.strategy.procedure.stages())):
            status, reason = self._stage(number)
            if status != "finished":
                break
        else:
            self._loop.strategy.procedure.finish(self._loop.model, self._loop.stats)
        return self._outcome(status, reason)

    def _stage(self, number: int) -> tuple[str, str]:
        loop, ranks = self._loop, self._setting.ranks
        start, steps = loop.begin(number)
        corrected = known_shift(loop.objective, loop.stats)
        for end in sorted({start + round(steps * (k + 1) / EVALUATIONS) for k in range(EVALUATIONS)} - {start}):
            loop.train(end - loop.step, self._tick)
            broken = ranks.decided(lambda: first_not_finite(loop.losses[: loop.step]))
            if broken is not None:
                return "failed", f"the loss was not finite at step {broken}"
            self._evaluate(corrected)
            redrawn = loop.refresh()
            if redrawn is not None:
                corrected = known_shift(redrawn, loop.stats)
            if not ranks.decided(lambda: self._watch(loop.step, self._curve)):
                return "pruned", f"stopped at step {loop.step}: behind the median of earlier trials"
        return "finished", ""

    def _evaluate(self, corrected: Tensor) -> None:
        loop, curve = self._loop, self._curve
        scores = score(loop.model, self._setting.inputs, self._rows, loop.level.loss, self._setting)
        if not self._setting.ranks.leads:
            return
        scores -= corrected.cpu().numpy()
        alarms = budget(len(self._rows), self._setting.alarms_per_document)
        finite = bool(np.isfinite(scores).all())
        macro, micro = point(scores, self._labels, alarms, 0) if finite else (0.0, 0.0)
        since = curve.steps[-1] if curve.steps else 0
        curve.steps.append(loop.step)
        curve.macro.append(macro)
        curve.micro.append(micro)
        curve.loss.append(float(loop.losses[since : loop.step].mean()) if loop.step > since else float("nan"))

    def _outcome(self, status: str, reason: str) -> Outcome:
        loop, done = self._loop, slice(0, self._loop.step)
        losses, norms = loop.losses[done].cpu().numpy(), loop.norms[done].cpu().numpy()
        drawn = loop.drawn.cpu().numpy()
        return Outcome(status, reason, loop.model, loop.level.loss, self._curve, losses, norms, drawn)
