"""The study that is disturbed, and how much."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

#: Sleeps inside the loss, so that runs take their time without taking cores; whether they do is no part of them.
PLUGIN = '''"""Strategies whose steps take a while."""

import os
import time
from dataclasses import dataclass
from typing import Annotated

from ablate.api import Loss, Real, Strategy


@dataclass(frozen=True)
class Slow(Loss):
    """Cross-entropy that waits before each step."""

    rank: Annotated[float, Real(0.0, 1.0)] = 0.5

    def __call__(self, logits, targets, weights, stats):
        time.sleep(float(os.environ.get("ABLATE_CHAOS_SECONDS", "0")))
        return super().__call__(logits, targets, weights, stats)


STRATEGIES = tuple(Strategy(f"slow-{name}", loss=Slow()) for name in NAMES)
'''


@dataclass(frozen=True)
class Disturbance:
    """How a study is disturbed; numbers are the fewest that count, times are seconds.

    ``arms`` are slow strategies beside the two references, ``step`` is how long one of their 25 steps takes, ``every``
    the mean time between two kills.
    """

    arms: int
    seeds: int
    step: float
    every: float
    kills: int
    stops: int
    restarts: int
    limit: float
    workers: int = 3
    grace: float = 6.0

    @property
    def runs(self) -> int:
        """Runs of the study: two trials, each on two more seeds, fresh seeds; controls and ceilings."""
        return (self.arms + 2) * (2 + 4 + self.seeds) + 6


#: 60 runs; 36 of them take 38 s each, undisturbed. The limit is for machines that have other things to do as well.
LONG = Disturbance(arms=4, seeds=3, step=1.5, every=6.0, kills=30, stops=5, restarts=2, limit=3000.0)
SHORT = Disturbance(arms=1, seeds=1, step=1.0, every=5.0, kills=3, stops=1, restarts=1, limit=900.0)


def options(disturbance: Disturbance, folder: Path) -> list[str]:
    """The study as options of the command line, its plugin written into the folder."""
    names = tuple("abcdefgh"[: disturbance.arms])
    plugin = folder / "slow.py"
    plugin.write_text(PLUGIN.replace("NAMES", repr(names)))
    slow = ",".join(f"slow-{name}" for name in names)
    given = [
        "--name",
        "chaos",
        "--documents",
        "400",
        "--backbone",
        "bag",
        "--strategies",
        slow,
        "--plugin",
        str(plugin),
    ]
    sizes = ["--steps", "25", "--batch-size", "32", "--trials", "2", "--seeds", str(disturbance.seeds)]
    return [*given, *sizes, "--threads", "1", "--cache", str(folder / "cache"), "--quiet"]
