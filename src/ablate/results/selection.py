"""Which configuration of an arm goes on, from its tuning records alone."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any, NamedTuple

from ablate.results.record import Body, canonical

SELECTION = (
    "of the configurations scored on most tuning seeds (three or more where any is), "
    "the highest mean balanced recall at budget on validation; among equals the earliest trial"
)
FIRST_SEED = 1000
ENOUGH = 3  # seeds on which a configuration counts as fully scored


class Selected(NamedTuple):
    """A configuration: the JSON of its strategy, the values of its marked parameters, its validation score."""

    strategy: dict[str, Any]
    parameters: dict[str, Any]
    mean: float


def selected(records_of_arm: Iterable[Body]) -> Selected | None:
    """The configuration that is confirmed, or None while none has finished. See :data:`SELECTION`."""
    found = _configurations(records_of_arm)
    if not found:
        return None
    seeds = min(ENOUGH, max(len(c.scores) for c in found))
    best = min((c for c in found if len(c.scores) >= seeds), key=lambda c: (-c.mean, c.trial, c.name))
    return best.chosen(best.mean)


def top(records_of_arm: Iterable[Body], n: int = 3) -> list[Selected]:
    """The ``n`` configurations with the best score on the first tuning seed, best first."""
    found = [c for c in _configurations(records_of_arm) if FIRST_SEED in c.scores]
    found.sort(key=lambda c: (-c.scores[FIRST_SEED], c.trial, c.name))
    return [c.chosen(c.scores[FIRST_SEED]) for c in found[:n]]


@dataclass(frozen=True)
class _Configuration:
    name: str
    trial: float
    scores: dict[int, float]  # by seed
    body: Body

    @property
    def mean(self) -> float:
        return fmean(self.scores[seed] for seed in sorted(self.scores))

    def chosen(self, score: float) -> Selected:
        return Selected(self.body["identity"]["strategy"], self.body["parameters"], score)


def _configurations(bodies: Iterable[Body]) -> list[_Configuration]:
    groups: dict[str, list[Body]] = {}
    for body in bodies:
        scored = body.get("validation", {}).get("balanced_recall")
        if body["status"] == "finished" and body["identity"]["phase"] == "tune" and scored is not None:
            groups.setdefault(canonical(body["identity"]["strategy"]), []).append(body)
    return [_configuration(name, group) for name, group in sorted(groups.items())]


def _configuration(name: str, group: Sequence[Body]) -> _Configuration:
    group = sorted(group, key=lambda b: (_trial(b), b["key"]))
    scores = {int(b["identity"]["seed"]): float(b["validation"]["balanced_recall"]) for b in reversed(group)}
    return _Configuration(name, _trial(group[0]), scores, group[0])


def _trial(body: Body) -> float:
    return float("inf") if body.get("trial") is None else float(body["trial"])
