"""A study from plan to board: tune inside each arm, select, confirm on fresh seeds, rank."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from ablate.errors import AblateError
from ablate.results.record import Body, Records, key_of
from ablate.results.selection import FIRST_SEED, selected, top
from ablate.space import defaults
from ablate.strategy import to_json
from ablate.study import controls
from ablate.study.arms import Arm
from ablate.study.estimate import RESCORED, RESCORING_SEEDS, runs_of_arm
from ablate.study.execute import execute, identity
from ablate.study.propose import Tried, behind, propose
from ablate.study.settings import Settings
from ablate.study.storage import Storage
from ablate.study.view import View
from ablate.study.weights import keep
from ablate.train.prepared import Prepared
from ablate.train.run import Curve, Outcome
from ablate.train.setting import Setting


@dataclass
class Driver:
    """Runs what has no record yet, one run after the other. Every finished run is on disk before the next starts."""

    arms: list[Arm]
    settings: Settings
    records: Records
    storage: Storage
    view: View
    trials: int
    seeds: int
    keep_weights: bool = False
    _bodies: dict[str, Body] = field(default_factory=dict)

    def total(self) -> int:
        """Runs of the whole study, controls included."""
        return sum(runs_of_arm(self.trials_of(arm), self.seeds) for arm in self.arms) + len(controls.CONTROLS)

    def trials_of(self, arm: Arm) -> int:
        """Trials of an arm: one where there is nothing to tune."""
        return self.trials if arm.space else 1

    def run(self) -> None:
        """Make every run that has no record: tuning and confirming arm by arm, then the controls.

        Raises:
            AblateError: there are records of an arm whose plugin was another one then.
        """
        truth = self._truth(self.settings.prepared(self.arms[0].strategy.backbone))
        self._bodies = {body["key"]: body for body in self.records.all()}  # none counts without its truth
        self._refuse_other_plugins()
        self.view.total(self.total())
        for arm in self.arms:
            setting = self.settings.of(arm.strategy)
            self._keep_standardiser(setting)
            self._tune(arm, setting, truth)
            self._confirm(arm, setting, truth)
        baseline = self.settings.of(self.arms[0].strategy)
        for name in controls.CONTROLS:
            self._control(name, baseline, truth)

    def _refuse_other_plugins(self) -> None:
        """Runs of a plugin before and after an edit would stand on one row under one name."""
        own = {arm.name: foreign_classes(to_json(arm.strategy)) for arm in self.arms}
        for body in self._bodies.values():
            found = foreign_classes(body["identity"]["strategy"])
            if found != own.get(body["arm"], found):
                raise AblateError(
                    f"output folder '{self.records.folder.parent}' holds runs of '{body['arm']}' from another version "
                    "of its plugin; give another --out, or the plugin as it was"
                )

    def _tune(self, arm: Arm, setting: Setting, truth: str) -> None:
        tried: list[Tried] = []
        for number in range(self.trials_of(arm)):
            parameters = propose(number, arm.space, defaults(arm.strategy), tried, arm.name)
            configured = arm.configured(parameters)
            tried.append(self._trial(arm, configured, setting, number, parameters, truth, tried))
        best = top(self._tuned(arm), RESCORED)
        if len(tried) > 1:
            for one in best:
                for extra in range(1, RESCORING_SEEDS + 1):
                    configured = self._with(arm, one.parameters)
                    self._once(configured, setting, "tune", FIRST_SEED + extra, None, truth, "rescoring")

    def _trial(
        self,
        arm: Arm,
        configured: Arm,
        setting: Setting,
        number: int,
        parameters: dict[str, Any],
        truth: str,
        tried: list[Tried],
    ) -> Tried:
        def stop(curve: Curve) -> bool:
            return behind(curve.balanced, tried, number)

        def go() -> Tried:
            body = self._once(configured, setting, "tune", FIRST_SEED, number, truth, f"trial {number}", stop)
            return tried_of(body, number, parameters)

        key = key_of(identity(configured, setting, "tune", FIRST_SEED))
        if key in self._bodies:
            one = go()
            self.storage.add(arm.name, [one], arm.space)
            return one
        return self.storage.run(arm.name, number, parameters, arm.space, go)

    def _confirm(self, arm: Arm, setting: Setting, truth: str) -> None:
        chosen = selected(self._tuned(arm))
        if chosen is None:
            self.view.say(f"{arm.name}: every trial failed, so there is nothing to confirm")
            return
        configured = self._with(arm, chosen.parameters)
        bodies = [
            self._once(configured, setting, "confirm", seed, None, truth, "fresh seed") for seed in range(self.seeds)
        ]
        lost = sum(b["status"] == "finished" and not self._weights(b).exists() for b in bodies)
        if self.keep_weights and lost:
            self.view.say(
                f"{arm.name}: the weights of {lost} runs were not kept when they were made; "
                "give another --out to make them again"
            )

    def _once(
        self,
        arm: Arm,
        setting: Setting,
        phase: str,
        seed: int,
        trial: int | None,
        truth: str,
        what: str,
        stop: Callable[[Curve], bool] = lambda curve: False,
    ) -> Body:
        """One run, unless its record is there."""
        label = what if trial is not None else f"{what} {seed}"
        key = key_of(identity(arm, setting, phase, seed))
        self.view.begin(arm.name, label, setting.steps)
        if key in self._bodies:
            self.view.end(self._bodies[key], fresh=False)
            return self._bodies[key]

        def watch(step: int, curve: Curve) -> bool:
            self.view.point(curve.macro[-1], curve.micro[-1])
            return not stop(curve)

        body, arrays, outcome = execute(arm, setting, phase, seed, trial, truth, watch, self.view.step)
        self._write(body, arrays, outcome)
        self.view.end(body, fresh=True)
        return body

    def _control(self, name: str, setting: Setting, truth: str) -> None:
        key = key_of(controls.identity(name, setting))
        self.view.begin(name, "control", 1)
        if key in self._bodies:
            self.view.end(self._bodies[key], fresh=False)
            return
        body, arrays = controls.execute(name, setting, truth)
        self._keep(body, arrays)
        self.view.end(body, fresh=True)

    def _write(self, body: Body, arrays: dict[str, NDArray[Any]], outcome: Outcome) -> None:
        if self.keep_weights and body["identity"]["phase"] == "confirm" and body["status"] == "finished":
            keep(outcome.model, self._weights(body))
        self._keep(body, arrays)

    def _keep(self, body: Body, arrays: dict[str, NDArray[Any]]) -> None:
        self.records.write(body, arrays)
        self._bodies[body["key"]] = body

    def _weights(self, body: Body) -> Path:
        return self.records.folder.parent / "weights" / f"{body['key']}.safetensors"

    def _truth(self, prepared: Prepared) -> str:
        test, train = prepared.labels["test"], prepared.labels["train"]
        names = prepared.dataset.names
        return self.records.write_truth(test.indptr, test.indices, test.width, train.counts(), len(train), names)

    def _keep_standardiser(self, setting: Setting) -> None:
        if setting.standardiser is not None:
            found = setting.standardiser
            self.records.write_standardiser(found.sha256, found.mean, found.deviation)

    def _tuned(self, arm: Arm) -> list[Body]:
        """Tuning records of an arm under this study's budget."""
        return [b for b in self._bodies.values() if b["arm"] == arm.name and b["identity"]["phase"] == "tune"]

    @staticmethod
    def _with(arm: Arm, parameters: dict[str, Any]) -> Arm:
        return arm.configured({path: value for path, value in parameters.items() if path in arm.space})


def foreign_classes(strategy: Any) -> set[str]:
    """Classes in a strategy's JSON that are not Ablate's own; those of a plugin file carry a digest of its text."""
    if isinstance(strategy, list):
        return {name for part in strategy for name in foreign_classes(part)}
    if not isinstance(strategy, dict):
        return set()
    own = {strategy["class"]} if not strategy.get("class", "ablate.").startswith("ablate.") else set()
    return own | {name for part in strategy.values() for name in foreign_classes(part)}


def tried_of(body: Body, number: int, parameters: dict[str, Any]) -> Tried:
    """A tuning record as a trial."""
    curve = tuple(value if value is not None else 0.0 for value in body["curve"]["balanced"])
    value = body["validation"].get("balanced_recall") if body["status"] == "finished" else None
    return Tried(number, parameters, value, curve, pruned=body["status"] == "pruned")
