"""The Optuna database of a study: rebuilt from records, with heartbeats while trials run.

Records are the truth. The database is there for whoever watches (optuna-dashboard) and so that a trial that dies
is seen to be dead; it can be thrown away at any time. The process that drives the study alone writes it, for its
workers too: a trial is alive while its driver is, which restarts a worker that dies.
"""

from __future__ import annotations

import threading
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import optuna
from optuna.distributions import BaseDistribution
from optuna.storages import RDBStorage
from optuna.trial import Trial, TrialState
from sqlalchemy.exc import SQLAlchemyError

from ablate.errors import AblateError
from ablate.study.propose import Tried, frozen

HEARTBEAT_SECONDS = 30


class Storage:
    """One Optuna study per arm in ``study.db``. Every method raises AblateError where there is no room for it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        optuna.logging.set_verbosity(optuna.logging.ERROR)
        for leftover in path.parent.glob(path.name + "*"):
            leftover.unlink()
        with warnings.catch_warnings(), self._room():
            warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
            self._storage = RDBStorage(f"sqlite:///{path}", heartbeat_interval=HEARTBEAT_SECONDS)
        self._studies: dict[str, optuna.Study] = {}
        self._running: dict[tuple[str, int], Trial] = {}
        self._closed = threading.Event()
        self._heart = threading.Thread(target=self._beat, name="heartbeat", daemon=True)
        self._heart.start()

    def add(self, arm: str, tried: Sequence[Tried], space: Mapping[str, BaseDistribution]) -> None:
        """Take finished trials over from their records."""
        with self._room():
            self._study(arm).add_trials([frozen(one, space) for one in tried])

    def begin(
        self, arm: str, number: int, parameters: Mapping[str, Any], space: Mapping[str, BaseDistribution]
    ) -> None:
        """A trial starts: it is seen to run, with heartbeats, until :meth:`end`."""
        with self._room(), warnings.catch_warnings():
            study = self._study(arm)
            study.enqueue_trial(dict(parameters), user_attrs={"number": number})
            # that heartbeats are for Study.optimize alone, which runs one trial at a time: here they are sent below
            warnings.simplefilter("ignore", UserWarning)
            trial = study.ask(dict(space))
            self._storage.record_heartbeat(trial._trial_id)
        self._running[arm, number] = trial

    def end(self, arm: str, one: Tried) -> None:
        """Keep what a trial gave; one without a value has failed."""
        trial = self._running.pop((arm, one.number))
        with self._room():
            trial.set_user_attr("curve", list(one.curve))
            if one.pruned or one.value is None:
                self._study(arm).tell(trial, state=TrialState.PRUNED if one.pruned else TrialState.FAIL)
            else:
                self._study(arm).tell(trial, one.value)

    def close(self) -> None:
        """Let go of the file; trials that still ran have failed."""
        self._closed.set()
        self._heart.join()
        with suppress(AblateError), self._room():  # it may be why there is an end at all
            for (arm, _), trial in self._running.items():
                self._study(arm).tell(trial, state=TrialState.FAIL)
        self._storage.engine.dispose()

    def _beat(self) -> None:
        while not self._closed.wait(HEARTBEAT_SECONDS):
            for trial in list(self._running.values()):
                with suppress(AblateError), self._room():
                    self._storage.record_heartbeat(trial._trial_id)

    @contextmanager
    def _room(self) -> Iterator[None]:
        try:
            yield
        except (SQLAlchemyError, optuna.exceptions.StorageInternalError) as error:
            cause = error.__cause__ if isinstance(error.__cause__, SQLAlchemyError) else error
            reason = str(getattr(cause, "orig", cause)).splitlines()[0]
            raise AblateError(
                f"'{self._path}': {reason}; check its rights and the room on its disk; start the same command to go on"
            ) from error

    def _study(self, arm: str) -> optuna.Study:
        if arm not in self._studies:
            self._studies[arm] = optuna.create_study(
                storage=self._storage, study_name=arm, direction="maximize", load_if_exists=True
            )
        return self._studies[arm]
