"""``ablate dashboard``: optuna-dashboard on the trials of a study."""

from __future__ import annotations

import socket
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import optuna
from optuna.distributions import BaseDistribution, CategoricalDistribution
from optuna.storages import BaseStorage, InMemoryStorage, RDBStorage

from ablate.errors import AblateError
from ablate.plugins import registry
from ablate.results.folder import read
from ablate.results.record import Body
from ablate.space import search_space
from ablate.strategy import FACTORS, from_json
from ablate.study.propose import frozen
from ablate.study.schedule import tried_of
from ablate.study.search import recorded_marks

GET_DASHBOARD = "pip install 'ablate[dashboard]'"


def dashboard(folder: Path, host: str, port: int, plugin: Sequence[str] = ()) -> None:
    """Serve the trials of a study until the process is interrupted.

    Raises:
        AblateError: the folder holds no study or no trial, optuna-dashboard is missing, or the port is taken.
    """
    found = storage(folder, plugin)
    try:
        from optuna_dashboard import run_server
    except ImportError as error:
        raise AblateError(f"the dashboard needs the package optuna-dashboard; {GET_DASHBOARD}") from error
    _refuse_taken(host, port)
    print(f"http://{host}:{port}/ shows the trials of {folder}; stop with Ctrl-C", flush=True)
    run_server(found, host=host, port=port)


def storage(folder: Path, plugin: Sequence[str] = ()) -> BaseStorage:
    """The study's own database where there is one, so that a running study is seen to move; else its records.

    Raises:
        AblateError: the folder holds no study, or a study without a trial.
    """
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    bodies = read(folder).bodies
    file = folder / "study.db"
    if file.is_file():
        return RDBStorage(f"sqlite:///{file}")
    trials = [body for body in bodies if body["trial"] is not None]
    if not trials:
        raise AblateError(f"'{folder}' has no tuning trial to show; run its study")
    registry(list(plugin))  # classes of plugins, which the records name
    return _rebuilt(trials)


def _rebuilt(trials: Sequence[Body]) -> BaseStorage:
    """One Optuna study per arm from its records, in memory, as :class:`~ablate.study.storage.Storage` writes them."""
    made = InMemoryStorage()
    for arm in sorted({body["arm"] for body in trials}):
        study = optuna.create_study(storage=made, study_name=arm, direction="maximize")
        own = sorted((body for body in trials if body["arm"] == arm), key=lambda body: body["trial"])
        seen: dict[str, set[Any]] = {}
        for body in own:
            for path, value in body["parameters"].items():
                seen.setdefault(path, set()).add(value)
        varied = {path: values for path, values in seen.items() if len(values) > 1}
        for body in own:
            space = _space(body, varied)
            values = {path: body["parameters"][path] for path in space}
            study.add_trial(frozen(tried_of(body, body["trial"], values), space))
    return made


def _space(body: Body, varied: Mapping[str, set[Any]]) -> dict[str, BaseDistribution]:
    """The marks of what varies among the trials and is a parameter of this one; a search's choices are levels seen."""
    strategy, parameters = from_json(body["identity"]["strategy"]), body["parameters"]
    choices = {factor: CategoricalDistribution(sorted(varied[factor])) for factor in FACTORS if factor in varied}
    marks = {**search_space(strategy), **recorded_marks(strategy, parameters), **choices}
    return {path: marks[path] for path in varied if path in parameters}


def _refuse_taken(host: str, port: int) -> None:
    try:
        with socket.create_server((host, port)):
            pass
    except OSError as error:
        raise AblateError(f"port {port} of {host}: {error.strerror}; give another --port") from None
