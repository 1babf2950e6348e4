"""Runs that have failed, made again on request."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace

from ablate.results.record import Body, Records
from ablate.study.schedule import Schedule, Task


@dataclass(frozen=True)
class Failed:
    """The failed runs of a study: their tasks, as they were asked for, and the schedule of nothing else."""

    tasks: tuple[Task, ...]
    schedule: Schedule

    @property
    def keys(self) -> list[str]:
        """The keys of their records."""
        return [task.key for task in self.tasks]

    def set_aside(self, records: Records) -> None:
        """Move their records out of the way, to the folder ``failed`` beside them: what is computed reads none there.

        A run's earlier failure stays there to be read until it fails again.
        """
        folder = records.folder.parent / "failed"
        folder.mkdir(exist_ok=True)
        for key in self.keys:
            os.replace(records.folder / f"{key}.json", folder / f"{key}.json")


def failed_of(schedule: Schedule, bodies: Mapping[str, Body]) -> Failed:
    """The failed runs among these records. They stay the runs they were, whatever becomes of them.

    What the schedule does not know by now (a fresh seed of a configuration that waits for its rescoring again) is asked
    for as its record says; what this study cannot make (an arm that it no longer has) is left as it is.
    """
    lost = {key: body for key, body in bodies.items() if body["status"] == "failed"}
    known = {task.key: task for task in schedule.known(bodies) if task.key in lost}
    told = (known.get(key) or _as_told(schedule, body) for key, body in lost.items())
    tasks = tuple(task for task in told if task is not None)
    return Failed(tasks, replace(schedule, only=tasks))


def _as_told(schedule: Schedule, body: Body) -> Task | None:
    """The task of a record, None where it would be another run now."""
    arm = next((arm for arm in schedule.arms if arm.name == body["arm"]), None)
    if arm is None:
        return None
    parameters = {path: value for path, value in body["parameters"].items() if path in arm.space}
    phase, seed = body["identity"]["phase"], body["identity"]["seed"]
    task = Task(arm.name, phase, seed, body["key"], body["trial"], parameters)
    return task if schedule.key(arm.configured(parameters), phase, seed) == task.key else None
