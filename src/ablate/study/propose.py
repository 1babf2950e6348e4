"""Which configuration a trial tries, as a pure function of its arm, its number and earlier batches.

Trial 0 is the defaults. The next eight are a quasi-random design whose points in the common parameters (learning
rate, dropout) are the same for every arm. Then TPE (Bergstra et al. 2011) proposes batches of four, each trial from
the results of *earlier* batches with a sampler seeded by its own number: a study that is interrupted, or shared by
several workers, proposes the same trials.
"""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import optuna
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.trial import FrozenTrial, TrialState, create_trial
from scipy.stats import qmc

from ablate.catalog import COMMON

DESIGN = 8
BATCH = 4
#: Earlier trials that pruning needs, and evaluation points of a run (a fifth of them) at which nothing is pruned.
ENOUGH = 4
SPARED_POINTS = 5


@dataclass(frozen=True)
class Tried:
    """What a trial tried and what came of it; ``value`` is None where it failed."""

    number: int
    parameters: Mapping[str, Any]
    value: float | None
    curve: tuple[float, ...] = ()
    pruned: bool = False


def batch_of(number: int) -> int:
    """The batch that a trial belongs to: 0 for the defaults, then fours."""
    return 0 if number == 0 else 1 + (number - 1) // BATCH


def propose(
    number: int,
    space: Mapping[str, BaseDistribution],
    defaults: Mapping[str, Any],
    tried: Sequence[Tried],
    seed: str,
) -> dict[str, Any]:
    """The parameters of a trial; ``tried`` may hold any trials of the arm, later ones are not looked at."""
    if number == 0 or not space:
        return {path: defaults[path] for path in space}
    if number <= DESIGN:
        return _design(number, space, seed)
    earlier = [one for one in tried if batch_of(one.number) < batch_of(number)]
    return _tpe(number, space, earlier, seed)


def _design(number: int, space: Mapping[str, BaseDistribution], seed: str) -> dict[str, Any]:
    common = _sobol("common", len(COMMON), number)
    own = [path for path in space if path not in COMMON]
    units = dict(zip(COMMON, common, strict=True))
    units.update(zip(own, _sobol(seed, len(own), number), strict=True) if own else ())
    return {path: at(mark, float(units[path])) for path, mark in space.items()}


def _sobol(seed: str, dimensions: int, number: int) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Point ``number`` (from 1) of a scrambled Sobol sequence of eight points (Sobol 1967; Owen 1998)."""
    points = qmc.Sobol(dimensions, rng=np.random.default_rng(number_of(seed))).random(DESIGN)
    return np.asarray(points[number - 1])


def at(mark: BaseDistribution, unit: float) -> Any:
    """The value of a mark at a point of [0, 1)."""
    if isinstance(mark, CategoricalDistribution):
        return mark.choices[int(unit * len(mark.choices))]
    assert isinstance(mark, FloatDistribution | IntDistribution)
    if isinstance(mark, IntDistribution):
        return int(mark.low + unit * (mark.high - mark.low + 1))
    if mark.log:
        return float(np.exp(np.log(mark.low) + unit * (np.log(mark.high) - np.log(mark.low))))
    return float(mark.low + unit * (mark.high - mark.low))


def _tpe(number: int, space: Mapping[str, BaseDistribution], earlier: Sequence[Tried], seed: str) -> dict[str, Any]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        sampler = optuna.samplers.TPESampler(seed=number_of(f"{seed}/{number}"), n_startup_trials=DESIGN)
    study = optuna.create_study(direction="maximize", sampler=sampler)
    study.add_trials([frozen(one, space) for one in sorted(earlier, key=lambda one: one.number)])
    return dict(study.ask(dict(space)).params)


def frozen(one: Tried, space: Mapping[str, BaseDistribution]) -> FrozenTrial:
    """A finished trial in Optuna's terms. A failed run counts as the worst value: NaN would be forgotten."""
    return create_trial(
        state=TrialState.PRUNED if one.pruned else TrialState.COMPLETE,
        params={path: one.parameters[path] for path in space},
        distributions=dict(space),
        value=None if one.pruned else (one.value if one.value is not None else 0.0),
        intermediate_values=dict(enumerate(one.curve)),
        user_attrs={"number": one.number},
    )


def looks_at(number: int) -> range:
    """Numbers of the trials that a trial depends on: those of earlier batches, once they are enough to prune by.

    The design looks at no results and the defaults alone prune nothing, so the trials of the first two batches wait
    for none.
    """
    earlier = 0 if number == 0 else 1 + BATCH * (batch_of(number) - 1)
    return range(earlier if earlier >= ENOUGH else 0)


def bar(tried: Sequence[Tried], number: int) -> tuple[float, ...]:
    """What the best point so far of a run has to reach at each evaluation point; 0 where nothing is pruned.

    The bar is the median over earlier trials of their best so far (median stopping rule, Golovin et al. 2017). Only
    trials of *earlier batches* of the same arm count, at least four of them, and nothing is pruned in the first fifth
    of the run.
    """
    earlier = [one.curve for one in tried if batch_of(one.number) < batch_of(number)]
    points = max(map(len, earlier), default=0)
    return tuple(_median_of_bests(earlier, point) for point in range(points))


def below(curve: Sequence[float], bar: Sequence[float]) -> bool:
    """Whether a run is to be pruned: its best point so far lies below the bar at this point."""
    point = len(curve) - 1
    return point < len(bar) and max(curve) < bar[point]


def behind(curve: Sequence[float], tried: Sequence[Tried], number: int) -> bool:
    """Whether a trial with this curve so far is to be pruned; see :func:`bar`."""
    return below(curve, bar(tried, number))


def _median_of_bests(curves: Sequence[tuple[float, ...]], point: int) -> float:
    bests = [max(curve[: point + 1]) for curve in curves if len(curve) > point]
    return float(np.median(bests)) if point >= SPARED_POINTS and len(bests) >= ENOUGH else 0.0


def number_of(text: str) -> int:
    """A seed, the same for the same text on every machine."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "little")
