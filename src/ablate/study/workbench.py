"""Everything that a process needs to make runs of a study: its arms, its data, where records go."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from ablate.errors import AblateError
from ablate.results.record import Body, Records, key_of
from ablate.study import controls
from ablate.study.arm import Arm
from ablate.study.arms import misfit
from ablate.study.execute import Followed, execute, identity, lost
from ablate.study.memory import why, within_memory
from ablate.study.plugged import concerns, raised
from ablate.study.propose import below
from ablate.study.schedule import Task
from ablate.study.search import Search
from ablate.study.settings import Settings
from ablate.study.view import View
from ablate.study.weights import keep
from ablate.train.compute import Compute
from ablate.train.device import out_of_memory
from ablate.train.ranks import ALONE, LostError, Ranks
from ablate.train.run import Curve, Outcome
from ablate.train.setting import Setting


@dataclass(frozen=True, eq=False)
class Workbench:
    """Makes runs and keeps their records.

    ``arms`` are by name, the baseline first; ``truth`` is the id of the test labels; ``ranks`` make a run together.
    """

    arms: Mapping[str, Arm]
    settings: Settings
    records: Records
    truth: str
    keep_weights: bool = False
    ranks: Ranks = ALONE

    def key(self, arm: Arm, phase: str, seed: int) -> str:
        """The name of the record of a configured arm's run."""
        return key_of(identity(arm, self._setting_of(arm), phase, seed))

    def controls(self) -> dict[str, str]:
        """The key of each control's record."""
        return {
            name: key_of(controls.identity(name, self._baseline)) for name in controls.names(self._baseline.prepared)
        }

    def identities(self) -> dict[str, Any]:
        """What determines the first confirming run of each arm, and each control: as JSON gives it back."""
        arms = {name: identity(arm, self._setting_of(arm), "confirm", 0) for name, arm in self.arms.items()}
        others = {name: controls.identity(name, self._baseline) for name in self.controls()}
        found: dict[str, Any] = json.loads(json.dumps({**arms, **others}))
        return found

    def make(self, task: Task, view: View) -> Body:
        """Make a run and keep its record; ``view`` is told its steps and points. Where memory runs out it is made again
        in micro-batches, which its notes say, else it has failed.

        What the code of a plugin raises is a failed run with its reason: the study goes on without it.

        Raises:
            AblateError: this process would make another run than the one that was asked for.
        """
        if task.phase == "control":
            return self._control(task)

        def watch(step: int, curve: Curve) -> bool:
            view.point(curve.macro[-1], curve.micro[-1])
            return not below(curve.balanced, task.bar)

        def made_in(setting: Setting) -> tuple[Body, dict[str, NDArray[Any]], Outcome]:
            setting.ranks.tell({"run": asdict(task), "compute": asdict(setting.compute)})
            return execute(arm, setting, task.phase, task.seed, task.trial, self.truth, watch, view.step)

        arm, setting = self._configured(task)
        try:
            if isinstance(arm, Search) and (reason := misfit(arm.strategy, setting.encoder)):
                return self.lose(task, reason)  # components that cannot be trained together are the worst choice
            made = within_memory(made_in, setting)
        except LostError:
            raise  # no fault of the run's, and there is nobody to make another one with
        except Exception as error:
            if isinstance(arm, Search) and isinstance(error, AblateError):
                return self.lose(task, str(error))
            if not (arm.origin and concerns(error, arm.strategy)):
                raise
            return self.lose(task, raised(error, arm.strategy))
        if made.found is None:
            return self.lose(task, made.reason)
        body, arrays, outcome = made.found
        body["notes"] += [made.note] if made.note else []
        if self.keep_weights and task.phase == "confirm" and body["status"] == "finished":
            keep(outcome.model, self.weights(body))
        return self._keep(task, body, arrays)

    def follow(self, task: Task, compute: Compute) -> Followed:
        """Have a part in a run that rank 0 makes."""
        arm, setting = self._configured(task)
        return Followed.of(arm, replace(setting, compute=compute), task.phase, task.seed)

    def _control(self, task: Task) -> Body:
        try:
            body, arrays = controls.execute(task.arm, self._baseline, self.truth)
        except Exception as error:
            if not out_of_memory(error):
                raise
            return self.lose(task, why(error))
        return self._keep(task, body, arrays)

    def lose(self, task: Task, reason: str) -> Body:
        """Keep the record of a run that could not be made."""
        if task.phase == "control":
            return self._keep(task, controls.lost(task.arm, self._baseline, self.truth, reason), {})
        arm, setting = self._configured(task)
        return self._keep(task, lost(arm, setting, task.phase, task.seed, task.trial, self.truth, reason), {})

    def weights(self, body: Body) -> Path:
        """Where the weights of a run are kept."""
        return self.records.folder.parent / "weights" / f"{body['key']}.safetensors"

    def keep_standardisers(self) -> None:
        """Build what the arms share (token numbers, vectors of frozen layers) and keep what vectors are scaled by."""
        for name in self.arms:
            found = self._setting(name).standardiser
            if found is not None:
                self.records.write_standardiser(found.sha256, found.mean, found.deviation)

    @property
    def _baseline(self) -> Setting:
        return self._setting(next(iter(self.arms)))

    def _setting(self, name: str) -> Setting:
        return self.settings.of(self.arms[name].strategy)

    def _configured(self, task: Task) -> tuple[Arm, Setting]:
        arm = self.arms[task.arm].configured(task.parameters)
        return arm, self._setting_of(arm)

    def _setting_of(self, arm: Arm) -> Setting:
        """The setting of a configured arm. Where the encoder is wholly frozen there is nothing to share among ranks."""
        setting = self.settings.of(self.arms[arm.name].shape_of(arm))
        return setting if setting.frozen else replace(setting, ranks=self.ranks)

    def _keep(self, task: Task, body: Body, arrays: Mapping[str, NDArray[Any]]) -> Body:
        if body["key"] != task.key:
            raise AblateError(
                f"{task.arm}, {task.what}: this worker would make another run than the study asks for; "
                "give it the same versions, data, weights and plugins"
            )
        self.records.write(body, arrays)
        return body
