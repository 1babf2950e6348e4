"""What goes wrong with a study whose state is Optuna's storage cannot go wrong here: one test for each trap.

Numbers are those of docs/decisions/0017-many-machines.md; traps 1 to 3 on real workers are in test_leases and
test_killed.
"""

from __future__ import annotations

import json
from contextlib import closing
from importlib.metadata import version
from pathlib import Path
from typing import Any

import optuna
from small_study import bodies
from sqlalchemy import event

from ablate.plugins import registry
from ablate.results.record import Records
from ablate.space import Real, defaults
from ablate.study.arms import Arm
from ablate.study.propose import Tried, frozen, propose
from ablate.study.schedule import Schedule, Task, tried_of
from ablate.study.storage import Storage

SPACE = {"head.dropout": Real(0.0, 0.5), "optimizer.scale": Real(0.1, 10.0, log=True)}
DEFAULTS = {"head.dropout": 0.1, "optimizer.scale": 1.0}
ARM = Arm(registry().get("focal"))
TRIALS = 14


def key(arm: Arm, phase: str, seed: int) -> str:
    return json.dumps([arm.name, phase, seed, defaults(arm.strategy)], sort_keys=True)


def schedule() -> Schedule:
    return Schedule((ARM,), TRIALS, 1, key, {})


def record(task: Task, value: float | None) -> dict[str, Any]:
    return {
        "key": task.key,
        "arm": task.arm,
        "trial": task.trial,
        "status": "failed" if value is None else "finished",
        "identity": {"phase": task.phase, "seed": task.seed, "strategy": {"of": task.key}},
        "parameters": dict(task.parameters),
        "validation": {} if value is None else {"balanced_recall": value},
        "curve": {"balanced": [value]},
    }


def tune(stop: int = TRIALS) -> dict[str, dict[str, Any]]:
    """Records of the first trials, in the order of one worker."""
    found: dict[str, dict[str, Any]] = {}
    while len(found) < stop:
        task = schedule().ready(found)[0]
        found[task.key] = record(task, 1 / (3 + len(found)))
    return found


def tried(number: int, value: float | None = 0.5, **changes: Any) -> Tried:
    parameters = {"head.dropout": 0.03 * number, "optimizer.scale": 1.0 + number}
    return Tried(number, parameters, value, (0.1, 0.2), **changes)


def test_1_a_dead_last_trial_is_ready_again():
    """No storage is asked: what has no record is to be made."""
    all_but_last = tune(TRIALS - 1)
    (last,) = schedule().ready(all_but_last)
    assert last.trial == TRIALS - 1


def test_2_a_sampler_that_is_started_again_does_not_repeat_its_first_trials():
    earlier = [tried(number) for number in range(9)]
    one = [propose(number, SPACE, DEFAULTS, earlier, "focal") for number in (9, 10, 11, 12)]
    again = propose(12, SPACE, DEFAULTS, earlier, "focal")  # by a process that has proposed nothing before
    assert again == one[3]
    assert len({json.dumps(each, sort_keys=True) for each in one}) == 4


def test_3_what_a_dead_trials_waker_says_is_not_told_to_optuna(tmp_path):
    """Its record is what counts; the database is made anew from records whatever state it was in."""
    path = tmp_path / "study.db"
    with closing(Storage(path)) as storage:
        storage.begin("focal", 0, tried(0).parameters, SPACE)
    states = {trial.state.name for trial in trials(path)}
    assert states == {"FAIL"}
    with closing(Storage(path)) as storage:
        storage.add("focal", [tried(0)], SPACE)
    assert [trial.state.name for trial in trials(path)] == ["COMPLETE"]


def trials(path: Path) -> list[optuna.trial.FrozenTrial]:
    storage = optuna.storages.RDBStorage(f"sqlite:///{path}")
    try:
        return optuna.load_study(study_name="focal", storage=storage).get_trials(deepcopy=True)
    finally:
        storage.engine.dispose()


def test_4_no_worker_makes_a_trial_too_many():
    """However many ask at once, trials have numbers, and there is none above the last."""
    found = tune()
    assert sorted(body["trial"] for body in found.values()) == list(range(TRIALS))
    assert all(task.trial is None for task in schedule().ready(found))


def test_5_a_torn_file_hides_no_other(tmp_path, finished: Path):
    records = Records(finished / "records")
    body = records.all()[0]
    other = Records(tmp_path)
    other.write({**body, "test": None})
    (tmp_path / "torn.json").write_text('{"key": ')
    assert [b["key"] for b in other.all()] == [body["key"]]
    assert other.skipped == ["torn.json: not whole JSON"]


def test_6_one_number_is_tuned_for_and_both_recalls_are_kept(finished: Path):
    for body in bodies(finished):
        if body["identity"]["phase"] == "tune":
            validation = body["validation"]
            assert {"macro_recall", "micro_recall"} <= validation.keys()
            assert tried_of(body, 0, {}).value == validation["balanced_recall"]
    assert frozen(tried(0, None, pruned=True), SPACE).state.name == "PRUNED"


def test_7_a_run_that_is_not_finite_is_the_worst_and_is_not_forgotten():
    broken = tried_of(record(Task("focal", "tune", 0, "k", 0), None), 0, {})
    assert broken.value is None
    assert frozen(tried(0, None), SPACE).value == 0.0
    assert frozen(tried(0, None), SPACE).state.name == "COMPLETE"


def test_8_a_running_or_dead_trial_is_not_seen_by_a_proposal():
    """A trial of a batch is proposed before any of that batch has ended, dead or not."""
    found = tune(9)
    batch = [task for task in schedule().ready(found) if task.trial is not None]
    assert [task.trial for task in batch] == [9, 10, 11, 12]
    found[batch[0].key] = record(batch[0], 0.9)
    found[batch[1].key] = record(batch[1], None)
    assert [task.key for task in schedule().ready(found)] == [task.key for task in batch[2:]]


def test_9_a_record_says_by_which_optuna_it_was_proposed(finished: Path):
    assert {b["environment"]["packages"]["optuna"] for b in bodies(finished)} == {version("optuna")}


def test_10_a_long_curve_costs_no_more_commits_than_a_short_one(tmp_path):
    def commits(points: int) -> int:
        counted: list[int] = []
        with closing(Storage(tmp_path / f"{points}.db")) as storage:
            storage.begin("focal", 0, tried(0).parameters, SPACE)
            event.listen(storage._storage.engine, "commit", lambda connection: counted.append(1))
            storage.end("focal", Tried(0, tried(0).parameters, 0.5, tuple([0.1] * points)))
        return len(counted)

    assert 0 < commits(26) == commits(1) < 10
