"""How much of the spread between a search's trials each factor accounts for.

Functional ANOVA on a random forest (Hutter, Hoos and Leyton-Brown 2014), over the choices alone, which every trial has:
parameters that only the trials of one level have are few values each. Failed and pruned trials have no value and are
left out. The figures describe what was tried and rank no remedy.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import optuna
from optuna.importance import FanovaImportanceEvaluator, get_param_importances

from ablate.results.importances import FILE, METHOD, trials_digest
from ablate.results.record import Body
from ablate.results.whole import write_whole
from ablate.study.propose import DESIGN, Tried, frozen
from ablate.study.schedule import Schedule, tried_of
from ablate.study.search import Search

DIGITS = 4


def importances(arm: Search, tried: list[Tried]) -> dict[str, float]:
    """The share of each factor, the largest first; empty where fewer than eight trials or no two differ."""
    whole = [one for one in tried if one.value is not None and not one.pruned]
    if len(whole) < DESIGN or len({one.value for one in whole}) == 1:
        return {}
    study = optuna.create_study(direction="maximize")
    study.add_trials([frozen(one, arm.space_of(one.parameters)) for one in sorted(whole, key=lambda one: one.number)])
    used = {factor for factor in arm.choices if len({one.parameters[factor] for one in whole}) > 1}
    found = get_param_importances(study, evaluator=FanovaImportanceEvaluator(seed=0), params=sorted(used))
    shares = {factor: round(float(found.get(factor, 0.0)), DIGITS) for factor in arm.choices}
    return dict(sorted(shares.items(), key=lambda item: (-item[1], item[0])))


def keep_importances(out: Path, schedule: Schedule, bodies: Mapping[str, Body]) -> None:
    """Write the importances of a search beside its records; nothing where the study has none."""
    for arm in schedule.arms:
        if not isinstance(arm, Search):
            continue
        tasks = [t for t in schedule.known(bodies) if t.arm == arm.name and t.trial is not None and t.key in bodies]
        tried = [tried_of(bodies[t.key], t.trial, dict(t.parameters)) for t in tasks if t.trial is not None]
        told: dict[str, Any] = {
            "method": METHOD,
            "trials": len(tried),
            "finished": sum(one.value is not None and not one.pruned for one in tried),
            "factors": importances(arm, tried),
            "trials_sha256": trials_digest(bodies.values(), arm.name),
        }
        write_whole(out / FILE, (json.dumps(told, indent=1, sort_keys=True) + "\n").encode())
