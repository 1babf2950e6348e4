"""What a study will cost, from a short timing probe."""

from __future__ import annotations

import time

from ablate.strategy import Strategy
from ablate.train.run import run
from ablate.train.setting import EVALUATIONS, Setting

PROBES = (EVALUATIONS, 2 * EVALUATIONS)
#: Trials of each arm where the plan names none: the most that keep the study under so many minutes, on the user's
#: data and on the generated data of a first look.
TRIALS = (24, 16, 12, 9, 5, 1)
MINUTES = 11.0
FIRST_LOOK_MINUTES = 3.5
RESCORED = 3
RESCORING_SEEDS = 2


def runs_of_arm(trials: int, seeds: int) -> int:
    """Trainings of one arm: its trials, the best three on two more seeds, the selected one on fresh seeds."""
    rescored = min(RESCORED, trials) * RESCORING_SEEDS if trials > 1 else 0
    return trials + rescored + seeds


def seconds_per_run(strategy: Strategy, setting: Setting) -> float:
    """Seconds of one run, extrapolated from two short ones; the first of three is warm-up.

    Both have as many evaluations as a real run, so their difference is the cost of the steps alone.
    """
    run(strategy, setting.with_budget(2), 0, _go_on, _ignore)
    short, long = (_seconds(strategy, setting.with_budget(steps)) for steps in PROBES)
    step = max(long - short, 0.0) / (PROBES[1] - PROBES[0])
    return short + step * (setting.steps - PROBES[0])


def trials_that_fit(seconds: float, arms: int, seeds: int, minutes: float) -> int:
    """The most trials of each arm that keep the study under so many minutes."""
    fits = (t for t in TRIALS if arms * runs_of_arm(t, seeds) * seconds <= 60 * minutes)
    return next(fits, TRIALS[-1])


def _seconds(strategy: Strategy, setting: Setting) -> float:
    started = time.perf_counter()
    run(strategy, setting, 0, _go_on, _ignore)
    return time.perf_counter() - started


def _go_on(step: int, curve: object) -> bool:
    return True


def _ignore(step: int) -> None:
    pass
