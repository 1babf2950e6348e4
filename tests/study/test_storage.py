"""The database for whoever watches: what runs, what has ended and how."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import optuna
import pytest

from ablate.space import Real
from ablate.study.propose import Tried
from ablate.study.storage import Storage

SPACE = {"head.dropout": Real(0.0, 0.5), "optimizer.scale": Real(0.1, 10.0, log=True)}


def trials(path: Path, arm: str = "focal") -> dict[int, optuna.trial.FrozenTrial]:
    storage = optuna.storages.RDBStorage(f"sqlite:///{path}")
    try:
        found = optuna.load_study(study_name=arm, storage=storage).get_trials(deepcopy=True)
    finally:
        storage.engine.dispose()
    return {trial.user_attrs["number"]: trial for trial in found}


def parameters(number: int) -> dict[str, float]:
    return {"head.dropout": 0.1 * number, "optimizer.scale": 1.0 + number}


def tried(number: int, value: float | None, pruned: bool = False) -> Tried:
    return Tried(number, parameters(number), value, (0.1, 0.2), pruned)


def test_trials_run_side_by_side_and_end_in_any_order(tmp_path):
    with closing(Storage(tmp_path / "study.db")) as storage:
        for number in range(4):
            storage.begin("focal", number, parameters(number), SPACE)
        assert {trial.state.name for trial in trials(tmp_path / "study.db").values()} == {"RUNNING"}
        for one in (tried(2, 0.5), tried(0, None), tried(1, None, pruned=True)):
            storage.end("focal", one)
        found = trials(tmp_path / "study.db")
    assert [found[number].state.name for number in range(4)] == ["FAIL", "PRUNED", "COMPLETE", "RUNNING"]
    assert found[2].value == 0.5
    for number, trial in found.items():
        assert trial.params == pytest.approx(parameters(number))
    assert found[2].user_attrs["curve"] == [0.1, 0.2]


def test_what_still_runs_when_the_study_stops_has_failed(tmp_path):
    with closing(Storage(tmp_path / "study.db")) as storage:
        storage.add("focal", [tried(0, 0.25)], SPACE)
        storage.begin("focal", 1, parameters(1), SPACE)
    found = trials(tmp_path / "study.db")
    assert [found[number].state.name for number in (0, 1)] == ["COMPLETE", "FAIL"]
