"""Our side, through the public loop: the one place that knows how a run is set up and stepped."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from ablate.data.dataset import Dataset
from ablate.strategy import Strategy
from ablate.study.settings import Settings
from ablate.train.device import precision
from ablate.train.loop import Loop
from ablate.train.setting import Setting
from benchmarks.ratios.case import Case
from benchmarks.ratios.clock import seconds

SEED = 0


@contextmanager
def fresh_cache() -> Iterator[Path]:
    """An empty cache folder for as long as it is needed."""
    with TemporaryDirectory() as folder:
        yield Path(folder)


def settings(case: Case, data: Dataset, cache: Path, steps: int, batch: int, max_length: int | None) -> Settings:
    """Settings in the precision that ablate chooses on this device; tokens are made, nothing is encoded yet."""
    made = Settings(data, case.device, precision(case.device), steps, batch, max_length, 1.0, cache)
    made.encoder(case.backbone)
    return made


def begun(strategy: Strategy, setting: Setting) -> Loop:
    """A run before its first step."""
    loop = Loop(strategy, setting, SEED)
    loop.begin()
    return loop


def train(strategy: Strategy, setting: Setting) -> Loop:
    """All steps of a run: schedule, dropout, loss, clipping, optimiser; no evaluation."""
    loop = begun(strategy, setting)
    loop.train(setting.steps)
    return loop


def step_seconds(strategy: Strategy, setting: Setting) -> float:
    """Seconds of all steps of a run, its set-up not counted."""
    loop = begun(strategy, setting)
    return seconds(setting.device, lambda: loop.train(setting.steps))
