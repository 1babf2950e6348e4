"""Whether a study has all its runs, from its plan and its records alone: for folders that hold nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ablate.results.record import Body, canonical
from ablate.results.selection import FIRST_SEED, selected, top

#: The catalogue's names of these rows, which loads torch. A test holds them to it.
CONTROLS = ("predict-everything", "prior-only", "tfidf-linear")
CEILINGS = ("bayes-ceiling", "bayes-macro-ceiling", "learner-ceiling")
#: Configurations that are scored on more tuning seeds, and on how many, as the schedule has it (the same test).
RESCORED, RESCORING_SEEDS = 3, 2
DEFAULT_DATA = "synthetic:"


def complete(plan: Mapping[str, Any], bodies: Sequence[Body]) -> bool | None:
    """Whether no run is missing; None where the plan does not say which arms there are (those of a design over parts).

    An arm is complete when it has its trials, the best of them on more tuning seeds, and its fresh seeds.
    """
    made = {body["arm"] for body in bodies}
    if any(name not in made for name in _beside(plan)):
        return False
    arms = plan.get("strategies") or sorted({b["arm"] for b in bodies if b["kind"] == "strategy"})
    if not all(_arm(plan, [body for body in bodies if body["arm"] == arm]) for arm in arms):
        return False
    return True if plan.get("strategies") else None


def _beside(plan: Mapping[str, Any]) -> tuple[str, ...]:
    """The rows that stand on the board beside the strategies."""
    generated = str(plan.get("data") or DEFAULT_DATA).startswith(DEFAULT_DATA)
    return (*CONTROLS, *(CEILINGS if generated else ()))


def _arm(plan: Mapping[str, Any], bodies: Sequence[Body]) -> bool:
    tuning = [body for body in bodies if body["identity"]["phase"] == "tune"]
    trials = {body["trial"] for body in tuning if body["trial"] is not None}
    wanted = plan.get("trials", 1) if _tuned(plan, bodies) else 1
    if len(trials) < wanted:
        return False
    chosen = selected(tuning)
    if chosen is None:
        return True  # every trial has failed, so there is nothing to confirm
    rescored = [one.strategy for one in top(tuning, RESCORED)] if wanted > 1 else []
    more = [FIRST_SEED + extra for extra in range(1, RESCORING_SEEDS + 1)]
    fresh = range(plan.get("seeds", 1))
    return all(_seeds(tuning, strategy) >= set(more) for strategy in rescored) and all(
        _seeds([body for body in bodies if body["identity"]["phase"] == "confirm"], strategy) >= set(fresh)
        for strategy in [chosen.strategy, *_untuned(plan, tuning)]
    )


def _tuned(plan: Mapping[str, Any], bodies: Iterable[Body]) -> bool:
    """Whether the arm of these records has parameters that ``[set]`` does not fix, for itself or for all arms."""
    fixed = plan.get("set", {})
    return any(path not in fixed and f"{b['arm']}.{path}" not in fixed for b in bodies for path in b["parameters"])


def _untuned(plan: Mapping[str, Any], tuning: Iterable[Body]) -> list[dict[str, Any]]:
    """The configuration of trial 0, where that is confirmed too."""
    return [b["identity"]["strategy"] for b in tuning if b["trial"] == 0] if plan.get("defaults") else []


def _seeds(bodies: Iterable[Body], strategy: Mapping[str, Any]) -> set[int]:
    """The seeds on which a configuration was run."""
    told = canonical(strategy)
    return {b["identity"]["seed"] for b in bodies if canonical(b["identity"]["strategy"]) == told}
