"""The trials of a study as optuna-dashboard would be given them."""

from __future__ import annotations

import socket
import sys
import types
from pathlib import Path

import optuna
import pytest

from ablate.errors import AblateError
from ablate.study.dashboard import dashboard, storage

COOKING = Path(__file__).parents[2] / "results" / "cooking-bag"


def test_trials_are_rebuilt_from_the_records_alone(monkeypatch):
    monkeypatch.setattr(
        "ablate.study.dashboard.read", lambda folder: types.SimpleNamespace(bodies=_bodies(folder, "focal"))
    )
    found = optuna.load_study(study_name="focal", storage=storage(COOKING))
    bodies = {body["trial"]: body for body in _bodies(COOKING, "focal") if body["trial"] is not None}
    assert len(found.trials) == len(bodies) > 1
    for trial in found.trials:
        body = bodies[trial.user_attrs["number"]]
        assert trial.params == {path: body["parameters"][path] for path in trial.params}
        if body["status"] == "finished":
            assert trial.value == body["validation"]["balanced_recall"]
    assert "loss.gamma" in found.trials[0].params


def _bodies(folder: Path, arm: str):
    from ablate.results.record import Records

    return [body for body in Records(folder / "records").all() if body["arm"] == arm]


def test_a_missing_package_is_named_with_its_extra(monkeypatch):
    monkeypatch.setattr("ablate.study.dashboard.storage", lambda folder, plugin: None)
    monkeypatch.setitem(sys.modules, "optuna_dashboard", None)
    with pytest.raises(AblateError, match=r"ablate\[dashboard\]"):
        dashboard(COOKING, "127.0.0.1", 8080)


def test_a_port_that_is_taken_is_refused(monkeypatch):
    monkeypatch.setattr("ablate.study.dashboard.storage", lambda folder, plugin: None)
    monkeypatch.setitem(sys.modules, "optuna_dashboard", types.SimpleNamespace(run_server=None))
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(AblateError, match="give another --port"):
        dashboard(COOKING, "127.0.0.1", taken.getsockname()[1])


def test_a_folder_without_a_study_is_refused(tmp_path):
    with pytest.raises(AblateError, match=r"study\.toml"):
        storage(tmp_path)
