"""Which runs a study has and which can be made now, as a pure function of its plan and the records that exist.

Whoever makes runs (one process, several, another machine) takes them from here, so that a study has the same runs
wherever they are made: a trial depends on earlier *batches* of its arm alone, rescoring on all trials of the arm,
confirming on the rescoring, controls on nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from ablate.results.record import Body
from ablate.results.selection import FIRST_SEED, selected, top
from ablate.study.arm import Arm
from ablate.study.estimate import RESCORED, RESCORING_SEEDS, runs_of_arm
from ablate.study.propose import Tried, bar, looks_at

Bodies = Mapping[str, Body]


@dataclass(frozen=True)
class Task:
    """One run to be made: plain values, so that it can be sent to another process or machine as JSON.

    ``phase`` is ``tune``, ``confirm`` or ``control``; ``trial`` is the number of a tuning trial; ``bar`` is what the
    run has to reach at each evaluation point so as not to be pruned (see :func:`ablate.study.propose.bar`); ``key``
    is the name of its record.
    """

    arm: str
    phase: str
    seed: int
    key: str
    trial: int | None = None
    parameters: Mapping[str, Any] = field(default_factory=dict)
    bar: tuple[float, ...] = ()

    @property
    def what(self) -> str:
        """The run in a reader's words, without its arm."""
        if self.phase == "control":
            return "control"
        if self.trial is not None:
            return f"trial {self.trial}"
        return f"{'rescoring' if self.phase == 'tune' else 'fresh seed'} {self.seed}"


@dataclass(frozen=True)
class Schedule:
    """The runs of a study: ``trials`` and fresh ``seeds`` for each arm, and one run for each control.

    ``key(arm, phase, seed)`` names the record of a configured arm's run; ``controls`` holds the controls' keys by
    name. With ``at_defaults`` the untuned configuration of an arm is confirmed on the same fresh seeds, unless it is
    the one that is confirmed anyhow. ``only`` are the runs to be made where those are not all. The records of
    ``bodies`` are by key and never change, which is why tasks are remembered.
    """

    arms: tuple[Arm, ...]
    trials: int
    seeds: int
    key: Callable[[Arm, str, int], str]
    controls: Mapping[str, str]
    at_defaults: bool = False
    only: tuple[Task, ...] | None = None
    _made: dict[tuple[object, ...], Task] = field(default_factory=dict, compare=False, repr=False)

    def total(self, bodies: Bodies | None = None) -> int:
        """Runs of the whole study, controls included: the most there may be, as far as these records tell."""
        if self.only is not None:
            return len(self.only)
        counts = (
            runs_of_arm(
                self.trials_of(arm), self.seeds, self.at_defaults and not self._chose_defaults(arm, bodies or {})
            )
            for arm in self.arms
        )
        return sum(counts) + len(self.controls)

    def _chose_defaults(self, arm: Arm, bodies: Bodies) -> bool:
        return self.chosen(arm, bodies) == self._defaults(arm)

    @staticmethod
    def _defaults(arm: Arm) -> dict[str, Any]:
        """What trial 0 tries."""
        return _of_space(arm, arm.propose(0, []))

    def trials_of(self, arm: Arm) -> int:
        """Trials of an arm: one where there is nothing to tune."""
        return self.trials if arm.space else 1

    def known(self, bodies: Bodies) -> Iterator[Task]:
        """Every run that is determined by these records, made or not, in the order of one worker."""
        if self.only is not None:
            yield from self.only
            return
        for arm in self.arms:
            yield from self._of_arm(arm, bodies)
        for name, key in self.controls.items():
            yield Task(name, "control", 0, key)

    def ready(self, bodies: Bodies) -> list[Task]:
        """The runs that have no record and wait for none."""
        return [task for task in self.known(bodies) if task.key not in bodies]

    def chosen(self, arm: Arm, bodies: Bodies) -> dict[str, Any] | None:
        """The tuned parameters of the configuration that is confirmed, None where no trial has finished."""
        found = selected(self._tuned(arm, bodies))
        return None if found is None else _of_space(arm, found.parameters)

    def _of_arm(self, arm: Arm, bodies: Bodies) -> Iterator[Task]:
        count = self.trials_of(arm)
        done = 0
        for task in self._trials(arm, count, bodies):
            yield task
            done += task.key in bodies
        if done < count:
            return
        rescoring = list(self._rescoring(arm, bodies)) if count > 1 else []
        yield from rescoring
        if all(task.key in bodies for task in rescoring):
            yield from self._confirming(arm, bodies)

    def _trials(self, arm: Arm, count: int, bodies: Bodies) -> Iterator[Task]:
        tried: dict[int, Tried] = {}
        for number in range(count):
            if any(one not in tried for one in looks_at(number)):
                return
            task = self._trial(arm, number, [tried[one] for one in looks_at(number)])
            yield task
            if task.key in bodies:
                tried[number] = tried_of(bodies[task.key], number, dict(task.parameters))

    def _trial(self, arm: Arm, number: int, earlier: list[Tried]) -> Task:
        told = (arm.name, number, *((one.value, one.curve, one.pruned) for one in earlier))
        if told not in self._made:
            parameters = arm.propose(number, earlier)
            self._made[told] = self._task(arm, "tune", FIRST_SEED, parameters, number, bar(earlier, number))
        return self._made[told]

    def _rescoring(self, arm: Arm, bodies: Bodies) -> Iterator[Task]:
        for one in top(self._tuned(arm, bodies), RESCORED):
            for extra in range(1, RESCORING_SEEDS + 1):
                yield self._remembered(arm, "tune", FIRST_SEED + extra, _of_space(arm, one.parameters))

    def _confirming(self, arm: Arm, bodies: Bodies) -> Iterator[Task]:
        parameters, untuned = self.chosen(arm, bodies), self._defaults(arm)
        if parameters is None:
            return
        wanted = [parameters, *([untuned] if self.at_defaults and untuned != parameters else [])]
        for configuration in wanted:
            for seed in range(self.seeds):
                yield self._remembered(arm, "confirm", seed, configuration)

    def _remembered(self, arm: Arm, phase: str, seed: int, parameters: dict[str, Any]) -> Task:
        told = (arm.name, phase, seed, *sorted(parameters.items()))
        if told not in self._made:
            self._made[told] = self._task(arm, phase, seed, parameters)
        return self._made[told]

    def _task(
        self,
        arm: Arm,
        phase: str,
        seed: int,
        parameters: dict[str, Any],
        trial: int | None = None,
        bar: tuple[float, ...] = (),
    ) -> Task:
        key = self.key(arm.configured(parameters), phase, seed)
        return Task(arm.name, phase, seed, key, trial, parameters, bar)

    @staticmethod
    def _tuned(arm: Arm, bodies: Bodies) -> list[Body]:
        return [b for b in bodies.values() if b["arm"] == arm.name and b["identity"]["phase"] == "tune"]


def tried_of(body: Body, number: int, parameters: dict[str, Any]) -> Tried:
    """A tuning record as a trial."""
    curve = tuple(value if value is not None else 0.0 for value in body["curve"]["balanced"])
    value = body["validation"].get("balanced_recall") if body["status"] == "finished" else None
    return Tried(number, parameters, value, curve, pruned=body["status"] == "pruned")


def _of_space(arm: Arm, parameters: Mapping[str, Any]) -> dict[str, Any]:
    return {path: value for path, value in parameters.items() if path in arm.space}
