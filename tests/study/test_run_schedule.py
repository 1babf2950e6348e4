"""Which runs are ready, from plan and records alone: the same runs whoever makes them, in whatever order."""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Callable
from dataclasses import asdict, replace
from statistics import median
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ablate.catalog import BASELINE
from ablate.plugins import registry
from ablate.space import defaults
from ablate.study.arm import Arm
from ablate.study.propose import Tried, bar, batch_of, behind, looks_at
from ablate.study.schedule import Schedule, Task

ARMS = (Arm(BASELINE), Arm(registry().get("focal")))
FIXED = Arm(BASELINE, fixed=dict.fromkeys(Arm(BASELINE).space))
TRIALS, SEEDS = 10, 2  # the last trial is alone in its batch


def key(arm: Arm, phase: str, seed: int) -> str:
    return json.dumps([arm.name, phase, seed, defaults(arm.strategy)], sort_keys=True)


def schedule(arms: tuple[Arm, ...] = ARMS, trials: int = TRIALS) -> Schedule:
    return Schedule(arms, trials, SEEDS, key, {"prior-only": "c1", "tfidf-linear": "c2"})


def worth(text: str) -> float:
    return hashlib.sha256(text.encode()).digest()[0] / 256


def record(task: Task, status: str = "finished") -> dict[str, Any]:
    """A made-up record whose figures follow from its name, pruned where the bar says so."""
    values = [worth(f"{task.key}/{point}") for point in range(26)]
    points = [n for n in range(1, 27) if behind_at(values[:n], task)]
    if points and status == "finished":
        status, values = "pruned", values[: points[0]]
    return {
        "key": task.key,
        "arm": task.arm,
        "trial": task.trial,
        "status": status,
        "identity": {"phase": "confirm" if task.phase == "control" else task.phase, "seed": task.seed}
        | {"strategy": {"of": json.loads(task.key)[3]} if task.phase != "control" else {}},
        "parameters": dict(task.parameters),
        "validation": {"balanced_recall": worth(task.key)} if status == "finished" else {},
        "curve": {"balanced": values},
    }


def behind_at(curve: list[float], task: Task) -> bool:
    return len(curve) <= len(task.bar) and max(curve) < task.bar[len(curve) - 1]


def made(workers: int, choose: Callable[[list[Task]], Task], found: Schedule) -> tuple[dict[str, dict], list[Task]]:
    """All records where ``workers`` runs go on at once and ``choose`` says which of them ends next."""
    bodies: dict[str, dict] = {}
    running: list[Task] = []
    started: list[Task] = []
    while True:
        for task in found.ready(bodies):
            if len(running) < workers and task.key not in {one.key for one in running}:
                running.append(task)
                started.append(task)
        if not running:
            return bodies, started
        done = choose(running)
        running.remove(done)
        bodies[done.key] = record(done)


ALONE, ONE_BY_ONE = made(1, lambda running: running[0], schedule())


@pytest.mark.parametrize("workers", [2, 3, 9])
def test_any_number_of_workers_makes_the_same_runs_in_whatever_order_they_end(workers: int):
    bodies, started = made(workers, random.Random(workers).choice, schedule())
    assert bodies == ALONE
    assert sorted(map(repr, started)) == sorted(map(repr, ONE_BY_ONE))  # parameters, bars and keys, none twice


def test_every_run_that_was_announced_is_known_in_the_end():
    # two arms of 10 trials, the best three on two more seeds, two fresh seeds; two controls
    assert schedule().total() == len(list(schedule().known(ALONE))) == 2 * (10 + 6 + 2) + 2
    assert schedule().ready(ALONE) == []


def whats(tasks: list[Task], arm: str = "baseline") -> list[str]:
    return [task.what for task in tasks if task.arm == arm]


def test_what_depends_on_no_result_is_ready_at_once():
    ready = schedule().ready({})
    assert whats(ready) == whats(ready, "focal") == [f"trial {number}" for number in range(5)]
    assert whats(ready, "prior-only") == whats(ready, "tfidf-linear") == ["control"]


@pytest.mark.parametrize(
    ("number", "waits_for"),
    [(0, 0), (1, 0), (4, 0), (5, 5), (8, 5), (9, 9)],  # batches are 0, 1-4, 5-8, 9-12
)
def test_a_trial_waits_for_earlier_batches_and_no_other_trial(number: int, waits_for: int):
    assert looks_at(number) == range(waits_for)
    tasks = {task.trial: task for task in ONE_BY_ONE if (task.arm, task.trial is not None) == ("baseline", True)}
    bodies = {tasks[n].key: ALONE[tasks[n].key] for n in range(waits_for)}
    assert f"trial {number}" in whats(schedule().ready(bodies))
    if waits_for:
        del bodies[tasks[waits_for - 1].key]
        assert f"trial {number}" not in whats(schedule().ready(bodies))


@pytest.mark.parametrize(("missing", "what"), [("tune", "rescoring"), ("confirm", "fresh seed")])
def test_rescoring_waits_for_all_trials_and_confirming_for_all_rescoring(missing: str, what: str):
    last = "trial 9" if missing == "tune" else "rescoring 1002"
    kept = {task.key for task in ONE_BY_ONE if task.arm == "baseline" and task.what != last}
    bodies = {k: body for k, body in ALONE.items() if k in kept}
    own = [task for task in schedule().known(bodies) if task.arm == "baseline"]
    assert not any(task.what.startswith(what) for task in own)
    assert last in whats(schedule().ready(bodies))


def test_an_arm_with_nothing_to_tune_has_one_trial_and_fresh_seeds():
    found = schedule((FIXED,))
    bodies, _ = made(3, lambda running: running[-1], found)
    assert whats(list(found.known(bodies))) == ["trial 0", "fresh seed 0", "fresh seed 1"]
    assert found.total() == 3 + 2


def test_nothing_is_confirmed_where_every_trial_failed():
    found = schedule(trials=3)
    bodies = {task.key: record(task, "failed") for task in found.ready({}) if task.arm == "focal"}
    assert whats(list(found.known(bodies)), "focal") == ["trial 0", "trial 1", "trial 2"]
    assert found.chosen(ARMS[1], bodies) is None


def test_a_task_is_the_same_after_a_journey_as_json():
    for task in ONE_BY_ONE:
        sent = Task(**json.loads(json.dumps(asdict(task))))
        assert replace(sent, bar=tuple(sent.bar)) == task


curves = st.lists(st.floats(0, 1), min_size=1, max_size=12)


@settings(deadline=None)
@given(st.lists(curves, max_size=10), curves, st.integers(0, 12))
def test_a_bar_says_what_the_median_of_bests_says(earlier: list[list[float]], curve: list[float], number: int):
    tried = [Tried(n, {}, None, tuple(one)) for n, one in enumerate(earlier)]
    point = len(curve) - 1
    reached = [o.curve for o in tried if batch_of(o.number) < batch_of(number) and len(o.curve) > point]
    slow = point >= 5 and len(reached) >= 4 and max(curve) < median(max(one[: point + 1]) for one in reached)
    assert behind(curve, tried, number) == slow
    looked = [one for one in tried if one.number in looks_at(number)]
    if len(tried) >= len(looks_at(number)):
        assert bar(looked, number) == bar(tried, number) or max(bar(tried, number), default=0.0) == 0.0


def with_defaults(arms: tuple[Arm, ...] = ARMS, trials: int = TRIALS) -> Schedule:
    return replace(schedule(arms, trials), at_defaults=True)


def test_defaults_are_confirmed_on_the_same_seeds_and_nothing_else_changes():
    bodies, _ = made(2, lambda running: running[0], with_defaults())
    assert set(ALONE) < set(bodies)
    more = [task for task in with_defaults().known(bodies) if task.key not in ALONE]
    assert [(task.arm, task.phase, task.seed) for task in more] == [
        (arm.name, "confirm", seed) for arm in ARMS for seed in range(SEEDS)
    ]
    for task in more:
        arm = next(arm for arm in ARMS if arm.name == task.arm)
        assert task.parameters == {path: defaults(arm.strategy)[path] for path in arm.space}
    assert with_defaults().total() == with_defaults().total(bodies) == len(bodies)


def test_defaults_that_tuning_chose_are_confirmed_once():
    found = with_defaults(ARMS[:1], trials=2)
    bodies = {}
    while ready := found.ready(bodies):
        for task in ready:
            untuned = task.trial == 0 or dict(task.parameters) == defaults(ARMS[0].strategy)
            bodies[task.key] = record(task) | {"validation": {"balanced_recall": 0.9 if untuned else 0.1}}
    assert found.chosen(ARMS[0], bodies) == {p: defaults(ARMS[0].strategy)[p] for p in ARMS[0].space}
    confirmed = [task for task in found.known(bodies) if task.phase == "confirm"]
    assert [task.seed for task in confirmed] == [0, 1]
    assert found.total(bodies) == len(bodies) == found.total() - SEEDS
    assert not list(found.ready(bodies))


def test_an_arm_with_nothing_to_tune_has_no_defaults_of_its_own():
    found = with_defaults((FIXED,))
    bodies, _ = made(1, lambda running: running[0], found)
    assert found.total() == found.total(bodies) == len(bodies) == 3 + 2
