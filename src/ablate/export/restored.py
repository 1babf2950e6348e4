"""The model of a recorded run: from its kept weights, else by making the run again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load_file

from ablate.errors import AblateError
from ablate.factors import Loss
from ablate.results.record import Body
from ablate.strategy import Strategy
from ablate.study.arm import Arm
from ablate.study.execute import identity
from ablate.study.judge import Figures, NotFiniteError, judge
from ablate.study.ready import Ready
from ablate.train.evaluate import score
from ablate.train.loop import Loop
from ablate.train.model import Model
from ablate.train.run import run
from ablate.train.setting import Setting

ELSEWHERE = ("device", "precision")
"""Parts of a run's identity that may differ: they change its figures by rounding, which is then said."""

SAME = 1e-9
"""Recalls that differ by less agree."""

COMPARED = ("at_budget", "at_one_cut", "as_deployed", "at_half")


@dataclass(frozen=True, eq=False)
class Restored:
    """A model, what it was trained with, and the ``validation`` and ``test`` figures that it gives here."""

    model: Model
    strategy: Strategy
    loss: Loss
    setting: Setting
    figures: Figures


def restore(body: Body, ready: Ready, weights: Path, say: Callable[[str], None]) -> Restored:
    """The model of a record; ``weights`` is where its weights would have been kept.

    Raises:
        AblateError: the arm cannot be had here, the plan makes another run now, or the weights are not those of it.
    """
    arm, setting = configured(body, ready)
    for part in ELSEWHERE:
        here = identity(arm, setting, "confirm", 0)[part]
        if here != body["identity"][part]:
            say(f"warning: the run was made with {part} {body['identity'][part]}, this is {here}: figures may differ")
    if weights.is_file():
        say(f"weights: {weights.name[:12]}... as kept")
        model, loss = _loaded(arm, setting, body, weights)
    else:
        say(f"weights: not kept, so the run is made again with its seed {body['identity']['seed']}")
        if body.get("environment", {}).get("processes"):
            say("warning: several processes made the run, with other draws of dropout than one: figures may differ")
        model, loss = _trained(arm, setting, body)
    return Restored(model, arm.strategy, loss, setting, _figures(model, loss, setting))


def configured(body: Body, ready: Ready) -> tuple[Arm, Setting]:
    """The arm of a record with the record's parameters, and its setting.

    Raises:
        AblateError: the study has no such arm here, or what it would train is another run than the recorded one.
    """
    arms = {arm.name: arm for arm in ready.arms}
    if body["arm"] not in arms:
        raise AblateError(f"'{body['arm']}' cannot be trained here; give the --plugin and packages that it came from")
    plain = arms[body["arm"]]
    arm = plain.configured({path: value for path, value in body["parameters"].items() if path in plain.space})
    setting = ready.settings.of(plain.shape_of(arm))
    here, there = identity(arm, setting, "confirm", body["identity"]["seed"]), body["identity"]
    parts = sorted(part for part in {*here, *there} - set(ELSEWHERE) if here.get(part) != there.get(part))
    if parts:
        raise AblateError(
            f"'{body['arm']}' would be another run here than the recorded one: it differs in {', '.join(parts)}; "
            "give the same --data, --backbone and --plugin as the study had"
        )
    return arm, setting


def _loaded(arm: Arm, setting: Setting, body: Body, weights: Path) -> tuple[Model, Loss]:
    loop = Loop(arm.strategy, setting, body["identity"]["seed"])
    for number in range(len(arm.strategy.procedure.stages())):  # heads that later stages put in place
        loop.begin(number)
    try:
        loop.model.load_state_dict(load_file(weights))
    except (RuntimeError, OSError, SafetensorError) as error:
        reason = str(error).strip().splitlines()[0][:120]
        raise AblateError(f"'{weights}' holds no weights of this run ({reason}); delete it to train again") from error
    return loop.model, loop.level.loss


def _trained(arm: Arm, setting: Setting, body: Body) -> tuple[Model, Loss]:
    done = run(arm.strategy, setting, body["identity"]["seed"], lambda step, curve: True, lambda step: None)
    if done.status != "finished":
        raise AblateError(f"'{body['arm']}' failed when it was trained again: {done.reason}; export another --seed")
    return done.model, done.loss


def _figures(model: Model, loss: Loss, setting: Setting) -> Figures:
    rows = setting.prepared.rows
    try:
        found, _ = judge(
            setting.prepared,
            setting.alarms_per_document,
            lambda split: score(model, setting.inputs, rows[split], loss, setting),
            loss.native_cut,
        )
    except NotFiniteError as broken:
        raise AblateError(f"a score on {broken} was not finite; export another --seed") from broken
    return found


def agreement(figures: Figures, body: Body) -> tuple[bool, str]:
    """Whether the test recalls are those of the record, and the comparison in a line."""
    here, there = figures["test"], body["test"]
    pairs = {
        (rule, name): (_number(here[rule][name]), _number(there[rule][name]))
        for rule in COMPARED
        for name in ("macro_recall", "micro_recall")
    }
    (rule, name), (mine, theirs) = max(pairs.items(), key=lambda item: abs(item[1][0] - item[1][1]))
    if abs(mine - theirs) < SAME:
        return True, "its test figures agree with the record"
    what = f"{name.replace('_', ' ')} {rule.replace('_', ' ')}"
    return False, (
        f"its test figures do not agree with the record: {what} is {mine:.4f} here and {theirs:.4f} there "
        "(another machine, number of threads or version of a package rounds differently)"
    )


def _number(value: Any) -> float:
    return 0.0 if value is None else float(value)
