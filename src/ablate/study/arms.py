"""Which arms a plan asks for, and which of them make sense on the chosen backbone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from ablate.ablation import arms as design_arms
from ablate.ablation import on_base, trains_other_layers
from ablate.catalog import AS_ASKED, BASELINE, BASES
from ablate.encoders.base import Encoder, Layer
from ablate.errors import AblateError, near
from ablate.plugins import Registry
from ablate.space import check_in_range, configure, defaults, search_space
from ablate.strategy import Strategy

#: Compared when nothing else is asked for.
DEFAULT = ("pos-weight-inverse", "pos-weight-sqrt", "effective-number", "repeat-factor")

#: The part of the board for arms that set freezing or backbone themselves.
OTHER_LAYERS = "different trained layers"


@dataclass(frozen=True)
class Arm:
    """One strategy on the base of the study; ``fixed`` are the marked parameters that are not tuned."""

    strategy: Strategy
    part: str = ""
    fixed: Mapping[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The name of the strategy."""
        return self.strategy.name

    def configured(self, parameters: Mapping[str, Any]) -> Arm:
        """The same arm with other values of its tuned parameters."""
        return replace(self, strategy=configure(self.strategy, parameters))

    @cached_property
    def space(self) -> dict[str, Any]:
        """The marks that are tuned."""
        return {path: mark for path, mark in search_space(self.strategy).items() if path not in self.fixed}


def choose(
    registry: Registry,
    strategies: list[str] | None,
    parts: list[str] | None,
    design: str,
    base: Strategy,
    encoder: Encoder,
    fixed: Mapping[str, Any],
) -> tuple[list[Arm], list[str]]:
    """The arms, the two references first, and a note for each strategy that is left out and why.

    Raises:
        AblateError: an unknown strategy, design or parameter; parts that clash.
    """
    wanted = _wanted(registry, strategies, parts, design)
    names = [strategy.name for strategy in wanted]
    references = [reference for reference in (BASELINE, AS_ASKED) if reference.name not in names]
    chosen, notes = [], []
    for strategy in sorted([*references, *wanted], key=lambda s: (s.name != "baseline", s.name != "as-asked")):
        based = on_base(strategy, base)
        reason = unfit(strategy, based, base, encoder) if strategy not in (BASELINE, AS_ASKED) else ""
        if reason:
            notes.append(f"{strategy.name} is left out: {reason}")
            continue
        part = OTHER_LAYERS if trains_other_layers(strategy, base) else ""
        chosen.append(_fix(Arm(based, part, _of_base(strategy, based)), fixed))
    _check_used(fixed, chosen)
    return chosen, notes


def unfit(own: Strategy, strategy: Strategy, base: Strategy, encoder: Encoder) -> str:
    """Why a strategy cannot differ from the baseline on this encoder; empty where it can.

    ``own`` is the strategy by itself, ``strategy`` the same on the base.
    """
    if own.changed and all(getattr(base, factor) == part for factor, part in own.changed.items()):
        return "the base is that already"
    layers = [layer for layer, _ in encoder.layers()]
    head = Layer("head", encoder.depth + 2, encoder.depth)
    if encoder.depth == 0 and "freezing" in strategy.changed:
        return f"{encoder.name} has no layers to freeze"
    trained = [layer for layer in layers if strategy.freezing.trainable(layer, 0.5)]
    rates = {strategy.optimizer.rate(layer) for layer in (*layers, head)}
    if len(rates) > 1 and not trained:
        return "only the head is trained, so a rate of its own is the same as the rate"
    return ""


def base_of(name: str) -> Strategy:
    """What ``--base`` names."""
    return BASES[name]


def _wanted(registry: Registry, strategies: list[str] | None, parts: list[str] | None, design: str) -> list[Strategy]:
    if parts is not None:
        # the combination of no part is the baseline already
        return design_arms(design, [registry.get(name) for name in _unique(parts) if name != BASELINE.name])
    if strategies == ["all"]:
        return list(registry.strategies.values())
    return [registry.get(name) for name in _unique(strategies if strategies is not None else list(DEFAULT))]


def _unique(names: list[str]) -> list[str]:
    return list(dict.fromkeys(names))


def _of_base(own: Strategy, based: Strategy) -> dict[str, Any]:
    """Marked parameters that an arm has from the base: what the base trains is the same for all arms, not tuned."""
    borrowed = set(based.changed) - set(own.changed)
    return {path: value for path, value in defaults(based).items() if path.partition(".")[0] in borrowed}


def _fix(arm: Arm, fixed: Mapping[str, Any]) -> Arm:
    """Set the parameters that concern this arm: ``factor.field`` for every arm, ``name.factor.field`` for one."""
    values: dict[str, Any] = dict(arm.fixed)
    space = search_space(arm.strategy)
    for path, value in sorted(fixed.items(), key=lambda item: item[0].startswith(f"{arm.name}.")):  # its own win
        own = path.removeprefix(f"{arm.name}.")
        if own in space:
            check_in_range(path, space[own], value)
            values[own] = value
    return Arm(configure(arm.strategy, values), arm.part, values)


def _check_used(fixed: Mapping[str, Any], arms: list[Arm]) -> None:
    known = {
        f"{prefix}{path}" for arm in arms for path in search_space(arm.strategy) for prefix in ("", f"{arm.name}.")
    }
    for path in fixed:
        if path not in known:
            raise AblateError(f"--set {path}: no arm has this parameter{near(path, sorted(known))}")
