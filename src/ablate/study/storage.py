"""The Optuna database of a study: rebuilt from records, with heartbeats while trials run.

Records are the truth. The database is there for whoever watches (optuna-dashboard) and so that a trial that dies
is seen to be dead; it can be thrown away at any time.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import optuna
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.storages import RDBStorage
from optuna.trial import Trial

from ablate.study.propose import Tried, frozen

HEARTBEAT_SECONDS = 30


class Storage:
    """One Optuna study per arm in ``study.db``."""

    def __init__(self, path: Path) -> None:
        optuna.logging.set_verbosity(optuna.logging.ERROR)
        for leftover in path.parent.glob(path.name + "*"):
            leftover.unlink()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
            self._storage = RDBStorage(f"sqlite:///{path}", heartbeat_interval=HEARTBEAT_SECONDS)
        self._studies: dict[str, optuna.Study] = {}

    def add(self, arm: str, tried: Sequence[Tried], space: dict[str, BaseDistribution]) -> None:
        """Take finished trials over from their records."""
        self._study(arm).add_trials([frozen(one, space) for one in tried])

    def run(
        self,
        arm: str,
        number: int,
        parameters: dict[str, Any],
        space: dict[str, BaseDistribution],
        objective: Callable[[], Tried],
    ) -> Tried:
        """Run one trial under a heartbeat and keep what it gave."""
        study = self._study(arm)
        study.enqueue_trial(parameters, user_attrs={"number": number})
        done: list[Tried] = []

        def trial_of(trial: Trial) -> float:
            for path, mark in space.items():
                _suggest(trial, path, mark)
            one = objective()
            done.append(one)
            trial.set_user_attr("curve", list(one.curve))
            if one.pruned:
                raise optuna.TrialPruned
            return one.value if one.value is not None else float("nan")

        study.optimize(trial_of, n_trials=1)
        return done[0]

    def close(self) -> None:
        """Let go of the file."""
        self._storage.engine.dispose()

    def _study(self, arm: str) -> optuna.Study:
        if arm not in self._studies:
            self._studies[arm] = optuna.create_study(
                storage=self._storage, study_name=arm, direction="maximize", load_if_exists=True
            )
        return self._studies[arm]


def _suggest(trial: Trial, path: str, mark: BaseDistribution) -> None:
    """Ask for a mark; the value was enqueued, so this only puts it into the database."""
    if isinstance(mark, CategoricalDistribution):
        trial.suggest_categorical(path, mark.choices)
    elif isinstance(mark, IntDistribution):
        trial.suggest_int(path, mark.low, mark.high, step=mark.step, log=mark.log)
    elif isinstance(mark, FloatDistribution):
        trial.suggest_float(path, mark.low, mark.high, step=mark.step, log=mark.log)
