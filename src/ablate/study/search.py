"""The design ``search``: one arm whose tuning chooses a component for every factor.

Its space is conditional: a categorical for each factor, whose levels are the neutral component and those of the parts,
and the marked parameters of a level only in trials that choose it. Trial 0 is neutral everywhere. The next ones change
one to three factors each, since a draw from all levels of all factors would hardly ever leave one neutral. Then TPE
goes on, multivariate within each group of parameters that occur together (Falkner et al. 2018; Optuna's ``group``),
from earlier batches alone, as in every other arm.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
import optuna
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.trial import Trial

from ablate.errors import AblateError
from ablate.factors import Component
from ablate.space import configure, defaults, search_space
from ablate.strategy import FACTORS, Strategy
from ablate.study.arm import Arm
from ablate.study.propose import DESIGN, Tried, at, batch_of, frozen, number_of

NEUTRAL = "neutral"
#: What is not searched: the layers that are trained and the encoder are the study's own (another choice has another
#: cost, and stands in a part of the board of its own); no decision changes recall at budget, and all are read anyway.
HELD = ("backbone", "freezing", "decision")
MOST_CHANGED = 3

Levels = Mapping[str, Mapping[str, Component]]


@dataclass(frozen=True)
class Search(Arm):
    """An arm with a choice of component for each factor.

    ``levels`` gives the components of each factor by name, the neutral one first; ``chosen`` the name of the present
    one. Parameters are named ``FACTOR`` (the choice) and ``FACTOR.LEVEL.FIELD``.
    """

    levels: Levels = field(default_factory=dict)
    chosen: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def choices(self) -> dict[str, CategoricalDistribution]:
        """The categoricals: factors with more than one level."""
        return {f: CategoricalDistribution(tuple(names)) for f, names in self.levels.items() if len(names) > 1}

    @property
    def marks(self) -> dict[str, BaseDistribution]:
        """The marked parameters of all levels."""
        return {
            path: mark
            for factor, names in self.levels.items()
            for level in names
            for path, mark in self._of(factor, level)
        }

    @property
    def names(self) -> dict[str, tuple[str, ...]]:
        """``FACTOR.LEVEL.FIELD`` for one level, ``FACTOR.FIELD`` for every level that has the field."""
        found: dict[str, tuple[str, ...]] = {}
        for factor, names in self.levels.items():
            for level in names:
                for path, _ in self._of(factor, level):
                    short = f"{factor}.{path.removeprefix(f'{factor}.{level}.')}"
                    found[path] = (path,)
                    found[short] = (*found.get(short, ()), path)
        return found

    @cached_property
    def space(self) -> dict[str, BaseDistribution]:
        """The choices, and the tuned marks of all levels; no trial has them all."""
        return {**self.choices, **super().space}

    @property
    def listing(self) -> str:
        """The factors and their levels, in a line."""
        return "; ".join(f"{factor}: {', '.join(choice.choices)}" for factor, choice in self.choices.items())

    @property
    def parameters(self) -> dict[str, Any]:
        """The choices, and the values of the marked parameters of what is chosen."""
        values = defaults(self.strategy)
        own: dict[str, Any] = {factor: self.chosen[factor] for factor in self.choices}
        for factor, level in self.chosen.items():
            fields = (path for path in values if path.startswith(f"{factor}."))
            own |= {f"{factor}.{level}.{path.removeprefix(f'{factor}.')}": values[path] for path in fields}
        return own

    @property
    def notes(self) -> list[str]:
        """What the search has chosen."""
        told = [f"{factor} {level}" for factor, level in self.chosen.items() if level != NEUTRAL]
        rest = (
            f"the rest of {len(self.choices)} factors neutral" if told else f"{len(self.choices)} factors, all neutral"
        )
        return [f"chosen by one search over factors: {', '.join([*told, rest])}"]

    @property
    def variants(self) -> list[Strategy]:
        """A strategy for each level."""
        levels = [(factor, part) for factor, names in self.levels.items() for part in names.values()]
        return [self.strategy.replace(**{factor: part}) for factor, part in levels]

    def space_of(self, parameters: Mapping[str, Any]) -> dict[str, BaseDistribution]:
        """The choices, and the tuned marks of the levels that these parameters choose."""
        return {path: mark for path, mark in self.space.items() if path in parameters}

    def configured(self, parameters: Mapping[str, Any]) -> Search:
        """The components that these parameters choose, with their values."""
        chosen = {factor: str(parameters.get(factor, NEUTRAL)) for factor in self.levels}
        return replace(self, strategy=self._composed(chosen, parameters), chosen=chosen)

    def shape_of(self, configured: Arm) -> Strategy:
        """The configuration itself: later stages that it chooses may train other layers."""
        return configured.strategy

    def fixing(self, values: Mapping[str, Any]) -> Search:
        """The same search with these values of marked parameters, whenever their level is chosen."""
        levels = {
            factor: {level: _configured(part, f"{factor}.{level}.", values) for level, part in names.items()}
            for factor, names in self.levels.items()
        }
        return replace(self, levels=levels, fixed=dict(values)).configured({})

    def propose(self, number: int, tried: Sequence[Tried]) -> dict[str, Any]:
        """The parameters of a trial; ``tried`` may hold any trials, those of its own batch on are not looked at."""
        if number == 0:
            neutral = self.configured({}).parameters
            return {path: neutral[path] for path in neutral if path in self.space}
        if number <= max(DESIGN, len(self.choices)):
            return self._drawn(np.random.default_rng([number_of(self.name), number]))
        return self._asked(number, [one for one in tried if batch_of(one.number) < batch_of(number)])

    def _drawn(self, rng: np.random.Generator) -> dict[str, Any]:
        """A few factors at another level than the neutral one, and values of all parameters that there are then."""
        factors = list(self.choices)
        changed = rng.permutation(len(factors))[: int(rng.integers(1, MOST_CHANGED + 1))]
        chosen = dict.fromkeys(factors, NEUTRAL)
        for place in sorted(changed):
            others = self.choices[factors[place]].choices[1:]
            chosen[factors[place]] = str(others[int(rng.integers(len(others)))])
        return self._filled(chosen.__getitem__, lambda path, mark: at(mark, float(rng.random())))

    def _asked(self, number: int, earlier: Sequence[Tried]) -> dict[str, Any]:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
            sampler = optuna.samplers.TPESampler(
                seed=number_of(f"{self.name}/{number}"), n_startup_trials=1, multivariate=True, group=True
            )
        study = optuna.create_study(direction="maximize", sampler=sampler)
        study.add_trials(
            [frozen(one, self.space_of(one.parameters)) for one in sorted(earlier, key=lambda t: t.number)]
        )
        trial = study.ask()
        return self._filled(
            lambda factor: str(trial.suggest_categorical(factor, self.choices[factor].choices)),
            lambda path, mark: suggested(trial, path, mark),
        )

    def _filled(self, choose: Callable[[str], str], value: Callable[[str, BaseDistribution], Any]) -> dict[str, Any]:
        """Parameters, factor by factor: the choice first, then what the chosen level has."""
        found: dict[str, Any] = {}
        for factor in self.levels:
            level = NEUTRAL
            if factor in self.choices:
                level = found[factor] = choose(factor)
            for path, mark in self._of(factor, level):
                if path not in self.fixed:
                    found[path] = value(path, mark)
        return found

    def _of(self, factor: str, level: str) -> Iterator[tuple[str, BaseDistribution]]:
        for path, mark in search_space(self.levels[factor][level]).items():
            yield f"{factor}.{level}.{path}", mark

    def _composed(self, chosen: Mapping[str, str], parameters: Mapping[str, Any]) -> Strategy:
        parts = {
            factor: _configured(self.levels[factor][level], f"{factor}.{level}.", parameters)
            for factor, level in chosen.items()
        }
        return self.strategy.replace(**parts)


def search(
    name: str, base: Strategy, parts: Sequence[Strategy], unfit: Callable[[Strategy], str]
) -> tuple[Search, list[str]]:
    """The search over the factors of some parts, and a note for each part that brings no level, and why.

    ``unfit`` says why a strategy cannot differ from the baseline here; empty where it can. A part with several changes
    gives a level to each of their factors, named after it.

    Raises:
        AblateError: no part brings a level.
    """
    levels: dict[str, dict[str, Component]] = {f: {NEUTRAL: getattr(base, f)} for f in FACTORS if f not in HELD}
    notes = []
    for part in parts:
        reason = unfit(part) or (
            "" if set(part.changed) - set(HELD) else f"no search over {' and '.join(part.changed)}"
        )
        if reason:
            notes.append(f"{part.name} is left out: {reason}")
            continue
        for factor, component in part.changed.items():
            if factor not in HELD and component not in levels[factor].values():
                levels[factor][part.name] = component
    if all(len(names) == 1 for names in levels.values()):
        raise AblateError(
            f"design '{name}': no part can be searched ({'; '.join(notes) or 'none is given'}); give others"
        )
    arm = Search(base.replace(name=name), levels=levels)
    return arm.configured({}), notes


def recorded_marks(strategy: Strategy, parameters: Mapping[str, Any]) -> dict[str, BaseDistribution]:
    """The marks of a recorded configuration by the names that its parameters have in a search; without the choices."""
    found = {}
    for path, mark in search_space(strategy).items():
        factor, _, rest = path.partition(".")
        found[f"{factor}.{parameters.get(factor, NEUTRAL)}.{rest}"] = mark
    return found


def suggested(trial: Trial, path: str, mark: BaseDistribution) -> Any:
    """What a trial suggests for a mark."""
    if isinstance(mark, CategoricalDistribution):
        return trial.suggest_categorical(path, mark.choices)
    assert isinstance(mark, FloatDistribution | IntDistribution)
    suggest = trial.suggest_int if isinstance(mark, IntDistribution) else trial.suggest_float
    return suggest(path, mark.low, mark.high, log=mark.log)


def _configured(part: Component, prefix: str, values: Mapping[str, Any]) -> Component:
    """A level with those of the values that are its own."""
    return configure(part, {path.removeprefix(prefix): v for path, v in values.items() if path.startswith(prefix)})
