"""A study from schedule to records: hand out what is ready, take in what is finished."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass, field
from typing import Any

from ablate.errors import AblateError
from ablate.results.record import Body
from ablate.strategy import to_json
from ablate.study.arm import Arm
from ablate.study.engine import Engine
from ablate.study.progress import Progress
from ablate.study.schedule import Schedule, Task, tried_of
from ablate.study.search import Search
from ablate.study.storage import Storage
from ablate.study.view import View
from ablate.study.workbench import Workbench


@dataclass
class Driver:
    """Has every run made that has no record. A finished run is on disk before it is counted."""

    schedule: Schedule
    workbench: Workbench
    bodies: dict[str, Body]
    storage: Storage
    view: View
    progress: Progress
    _running: set[str] = field(default_factory=set)
    _told: set[tuple[str, str, str]] = field(default_factory=set)

    def run(self, engine: Engine) -> None:
        """Make every run of the schedule that has no record among ``bodies``.

        Raises:
            AblateError: there are records of an arm whose plugin was another one then.
        """
        self._refuse_other_plugins()
        self.view.total(self.schedule.total(self.bodies))
        self.progress.total(self.schedule.total(self.bodies))
        with closing(engine):
            self._hand_out(engine)
            while self._running:
                self._take_in(*engine.finished())
                self._hand_out(engine)
        self.progress.total(self.schedule.total(self.bodies))  # by now it is known what is confirmed twice
        self._name_what_is_missing()

    def _hand_out(self, engine: Engine) -> None:
        """Start what is ready while the engine is free; runs that are there already are told in passing."""
        for task in self.schedule.known(self.bodies):
            name = (task.arm, task.what, task.key)
            if name in self._told or task.key in self._running:
                continue
            if task.key in self.bodies:
                self._resume(task)
            elif engine.free():
                self._start(task, engine)
            else:
                return
            self._told.add(name)

    def _resume(self, task: Task) -> None:
        body = self.bodies[task.key]
        self.view.begin(task.arm, task.what, self.workbench.settings.steps)
        self.view.end(body, fresh=False)
        if task.trial is not None:
            self.storage.add(task.arm, [tried_of(body, task.trial, dict(task.parameters))], self._space(task))

    def _start(self, task: Task, engine: Engine) -> None:
        if task.trial is not None:
            self.storage.begin(task.arm, task.trial, task.parameters, self._space(task))
        if not engine.elsewhere:
            self.progress.begin(task)
        engine.start(task)
        self._running.add(task.key)

    def _take_in(self, task: Task, body: Body) -> None:
        self._running.remove(task.key)
        self.progress.end(task)
        self.bodies[task.key] = body
        if task.trial is not None:
            self.storage.end(task.arm, tried_of(body, task.trial, dict(task.parameters)))

    def _space(self, task: Task) -> dict[str, Any]:
        return self.workbench.arms[task.arm].space_of(task.parameters)

    def _refuse_other_plugins(self) -> None:
        """Runs of a plugin before and after an edit would stand on one row under one name."""
        for body in self.bodies.values():
            arm = self.workbench.arms.get(body["arm"])
            if arm is not None and not _made_from(body["identity"]["strategy"], arm):
                raise AblateError(
                    f"output folder '{self.workbench.records.folder.parent}' holds runs of '{body['arm']}' from "
                    "another version of its plugin; give another --out, or the plugin as it was"
                )

    def _name_what_is_missing(self) -> None:
        for arm in self.schedule.arms:
            if self.schedule.chosen(arm, self.bodies) is None:
                self.view.warn(f"{arm.name}: every trial failed, so there is nothing to confirm{self._first(arm)}")
        if self.workbench.keep_weights:
            for arm in self.schedule.arms:
                self._name_missing_weights(arm.name)

    def _first(self, arm: Arm) -> str:
        """Why the first of an arm's trials failed, in brackets."""
        known = self.schedule.known(self.bodies)
        task = next((t for t in known if t.arm == arm.name and t.key in self.bodies), None)
        return "" if task is None else f" ({task.what}: {self.bodies[task.key]['reason']})"

    def _name_missing_weights(self, arm: str) -> None:
        confirmed = [
            self.bodies[task.key]
            for task in self.schedule.known(self.bodies)
            if (task.arm, task.phase) == (arm, "confirm")
        ]
        lost = sum(b["status"] == "finished" and not self.workbench.weights(b).exists() for b in confirmed)
        if lost:
            self.view.say(
                f"{arm}: the weights of {lost} runs were not kept when they were made; "
                "give another --out to make them again"
            )


def _made_from(strategy: Any, arm: Arm) -> bool:
    """Whether the plugins of a record's strategy are those of the arm; a search has some of its levels' at a time."""
    own = {name for variant in arm.variants for name in foreign_classes(to_json(variant))}
    found = foreign_classes(strategy)
    return found <= own if isinstance(arm, Search) else found == own


def foreign_classes(strategy: Any) -> set[str]:
    """Classes in a strategy's JSON that are not Ablate's own; those of a plugin file carry a digest of its text."""
    if isinstance(strategy, list):
        return {name for part in strategy for name in foreign_classes(part)}
    if not isinstance(strategy, dict):
        return set()
    own = {strategy["class"]} if not strategy.get("class", "ablate.").startswith("ablate.") else set()
    return own | {name for part in strategy.values() for name in foreign_classes(part)}
