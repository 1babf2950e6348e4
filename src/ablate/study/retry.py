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
    """The failed runs among these records. They stay the runs they were, whatever becomes of them."""
    tasks = tuple(
        task for task in schedule.known(bodies) if task.key in bodies and bodies[task.key]["status"] == "failed"
    )
    return Failed(tasks, replace(schedule, only=tasks))
