"""What a study will cost, from a short timing probe."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from statistics import median

import numpy as np
import torch

from ablate.strategy import Strategy
from ablate.study.judge import judge
from ablate.train.run import run
from ablate.train.setting import EVALUATIONS, Setting

PROBES = (EVALUATIONS, 2 * EVALUATIONS)
#: Seconds under which a timed run is noise, and how much of the longer run its additional steps take at the least.
BRIEF, LEAST_SHARE = 2.0, 0.02
#: Trials of each arm where the plan names none: the most that keep the study under so many minutes, on the user's
#: data and on the generated data of a first look.
TRIALS = (24, 16, 12, 9, 5, 1)
MINUTES = 11.0
FIRST_LOOK_MINUTES = 3.5
RESCORED = 3
RESCORING_SEEDS = 2
#: The matrix product that a processor's peak is measured with: side, and how often it is repeated.
SIDE, REPEATS = 1536, 5


@dataclass(frozen=True)
class Cost:
    """Seconds of a run: ``evaluations`` for its learning curve and all else that happens once, and each step."""

    evaluations: float
    step: float

    def seconds(self, steps: int) -> float:
        """Seconds of a run of so many steps."""
        return self.evaluations + self.step * steps


@dataclass(frozen=True)
class Probe:
    """What a few steps tell: cost of a run, training documents per second, share of a matrix product's FLOP/s.

    ``share_of_peak`` is None where no encoder is trained or run in a step: looking words up and reading kept vectors
    is no matrix work.
    """

    cost: Cost
    documents_per_second: float
    share_of_peak: float | None

    @property
    def told(self) -> str:
        """In a reader's words."""
        share = self.share_of_peak
        return f"{self.documents_per_second:,.0f} documents/s" + (
            f", {share:.0%} of the peak of a matrix product" if share is not None else ""
        )


def runs_of_arm(trials: int, seeds: int, defaults: bool = False) -> int:
    """Trainings of one arm: its trials, the best three on two more seeds, the selected one on fresh seeds.

    With ``defaults`` the untuned configuration is trained on the fresh seeds too, at most once.
    """
    rescored = min(RESCORED, trials) * RESCORING_SEEDS if trials > 1 else 0
    return trials + rescored + seeds * (2 if defaults and trials > 1 else 1)


def probe(strategy: Strategy, setting: Setting) -> Probe:
    """Time two short runs; the first of three is warm-up.

    Both have as many evaluations as a real run, so their difference is the cost of the steps alone. Runs of less than
    ``BRIEF`` seconds are timed three times and the fastest counts: what else runs on the machine only adds to them.
    """
    run(strategy, setting.with_budget(2), 0, _go_on, _ignore)
    setting = replace(setting, curve_steps=setting.steps)
    short, long = (_fastest(lambda s=steps: _run(strategy, setting, s)) for steps in PROBES)  # type: ignore[misc]
    step = max(long - short, LEAST_SHARE * long) / (PROBES[1] - PROBES[0])
    cost = Cost(max(short - step * PROBES[0], 0.0) + _seconds(lambda: _judge(setting)), step)
    flop = flop_of_step(strategy, setting)
    share = None if flop is None else flop / step / peak(setting.device, setting.precision)
    return Probe(cost, setting.batch_size / step, share)


def trials_that_fit(seconds: float, arms: int, seeds: int, minutes: float, defaults: bool = False) -> int:
    """The most trials of each arm that keep the study under so many minutes."""
    fits = (t for t in TRIALS if arms * runs_of_arm(t, seeds, defaults) * seconds <= 60 * minutes)
    return next(fits, TRIALS[-1])


def flop_of_step(strategy: Strategy, setting: Setting) -> float | None:
    """Floating-point operations of a training step; None where no encoder runs in it.

    6 for each weight and token (2 forward, 4 backward; Kaplan et al. 2020), 2 where the weight is frozen; embeddings
    are looked up and count nothing, layers that were computed before neither. What stands above the layers (pooler,
    head on pooled vectors) reads one vector per document.
    """
    encoder = setting.encoder
    if setting.frozen or encoder.depth == 0:
        return None
    prepared = setting.prepared
    lengths = np.minimum(prepared.lengths[prepared.rows["train"]], prepared.max_length)
    tokens = setting.batch_size * float(lengths.mean())
    total = 0.0
    for layer, parameters in encoder.layers():
        if layer.index > setting.prefix:
            weights = sum(parameter.numel() for parameter in parameters)
            passes = 6 if strategy.freezing.trainable(layer, 0.0) else 2
            total += passes * weights * (tokens if layer.index <= encoder.depth else setting.batch_size)
    head = strategy.head.build(encoder, prepared.stats().to(setting.device))
    reads = setting.batch_size if strategy.head.reads == "pooled" else tokens
    return total + 6 * reads * sum(parameter.numel() for parameter in head.parameters())


def peak(device: torch.device, precision: str) -> float:
    """Floating-point operations per second of a product of two 1536 x 1536 matrices, the median of five."""
    kind = torch.bfloat16 if precision == "bf16" else torch.float32
    one, other = (torch.randn(SIDE, SIDE, device=device, dtype=kind) for _ in range(2))

    def product() -> None:
        torch.mm(one, other)
        if device.type == "cuda":
            torch.cuda.synchronize(device)

    product()
    return float(2 * SIDE**3 / median(_seconds(product) for _ in range(REPEATS)))


def _run(strategy: Strategy, setting: Setting, steps: int) -> None:
    run(strategy, setting.with_budget(steps), 0, _go_on, _ignore)


def _judge(setting: Setting) -> None:
    """What every run does after its last step: choose the cut on validation. Scores are as good as random ones."""
    labels = setting.prepared.labels["validation"]
    scores = np.random.default_rng(0).standard_normal((len(labels), labels.width), dtype=np.float32)
    judge(setting.prepared, setting.alarms_per_document, lambda split: scores, confirm=False)


def _fastest(work: Callable[[], None]) -> float:
    first = _seconds(work)
    return min(first, _seconds(work), _seconds(work)) if first < BRIEF else first


def _seconds(work: Callable[[], None]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def _go_on(step: int, curve: object) -> bool:
    return True


def _ignore(step: int) -> None:
    pass
