"""Which arms a plan asks for, and which of them make sense on the chosen backbone."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from ablate.ablation import DESIGNS, on_base, trains_other_layers
from ablate.ablation import arms as design_arms
from ablate.catalog import AS_ASKED, BASELINE, BASES
from ablate.encoders.base import Encoder, Layer
from ablate.encoders.sources import available
from ablate.errors import AblateError, near
from ablate.factors import Backbone, Component, Head, Mixer, Optimizer
from ablate.plugins import Registry
from ablate.space import check_in_range, defaults
from ablate.strategy import Strategy
from ablate.study.arm import Arm
from ablate.study.plan import ALL, SEARCH
from ablate.study.plugged import fault, raised
from ablate.study.search import search
from ablate.train.frozen import wraps

#: Compared when nothing else is asked for.
DEFAULT = (
    "pos-weight-inverse",
    "pos-weight-sqrt",
    "effective-number",
    "focal",
    "repeat-factor",
    "softmax",
)

#: The part of the board for arms that set freezing or backbone themselves.
OTHER_LAYERS = "different trained layers"


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

    def why_not(strategy: Strategy) -> str:
        return _reason(strategy, on_base(strategy, base), base, encoder, registry.origin(strategy))

    wanted, among, notes = _wanted(registry, strategies, parts, design, why_not)
    names = [strategy.name for strategy in wanted]
    references = [reference for reference in (BASELINE, AS_ASKED) if reference.name not in names]
    chosen = []
    for strategy in sorted([*references, *wanted], key=lambda s: (s.name != "baseline", s.name != "as-asked")):
        reason = why_not(strategy)
        if reason:
            notes.append(f"{strategy.name} is left out: {reason}")
            continue
        based = on_base(strategy, base)
        part = OTHER_LAYERS if trains_other_layers(strategy, base) else ""
        arm = Arm(based, part, _of_base(strategy, based), registry.origin(strategy))
        chosen.append(replace(arm, design=design, among=among) if among and strategy.name in names else arm)
    if design == SEARCH:
        asked = searched(registry, parts or [])
        found, left_out = search(SEARCH, base, asked, why_not)
        chosen.append(replace(found, origin=next(filter(None, map(registry.origin, asked)), "")))
        notes += left_out
    chosen = [_fix(arm, fixed) for arm in chosen]
    _check_used(fixed, chosen)
    return chosen, notes


def _reason(own: Strategy, strategy: Strategy, base: Strategy, encoder: Encoder, origin: str) -> str:
    """Why a strategy is left out; empty where it is not. What a plugin's code raises is a reason too."""
    if own in (BASELINE, AS_ASKED):
        return ""
    if not origin:
        return unfit(own, strategy, base, encoder)
    try:
        return fault(own, origin) or unfit(own, strategy, base, encoder)
    except Exception as error:
        return raised(error, own)


def unfit(own: Strategy, strategy: Strategy, base: Strategy, encoder: Encoder) -> str:
    """Why a strategy cannot differ from the baseline on this encoder; empty where it can.

    ``own`` is the strategy by itself, ``strategy`` the same on the base.
    """
    missing = _missing(own)
    if missing:
        return missing
    if own.changed and all(_alike(getattr(base, factor), part) for factor, part in own.changed.items()):
        return "the base is that already"
    if encoder.depth == 0 and "freezing" in strategy.changed:
        return f"{encoder.name} has no layers to freeze"
    try:
        layers = _layers(strategy, encoder)
    except AblateError as error:
        return str(error)
    idle = [reason for reason in (part.idle(encoder) for part in own.changed.values()) if reason]
    if own.changed and len(idle) == len(own.changed):
        return idle[0]
    return _idle_rates(strategy, layers, encoder) or _head_without_tokens(strategy, layers)


def misfit(strategy: Strategy, encoder: Encoder) -> str:
    """Why components cannot be trained together on this encoder; empty where they can."""
    return _head_without_tokens(strategy, _layers(strategy, encoder))


def _alike(one: Component, other: Component) -> bool:
    """Whether two components are the same level; backbones are, where they load the same model."""
    if isinstance(one, Backbone) and isinstance(other, Backbone):
        return (one.model, one.pooling) == (other.model, other.pooling)
    return one == other


def _missing(own: Strategy) -> str:
    """Why a strategy's own backbone cannot be had here; empty where it can, or where it brings none."""
    backbone = own.changed.get("backbone")
    if not isinstance(backbone, Backbone) or type(backbone).build is not Backbone.build or available(backbone.model):
        return ""
    return f"the weights of {backbone.model} are not on this machine (fetch them with: hf download {backbone.model})"


def _layers(strategy: Strategy, encoder: Encoder) -> list[Layer]:
    """The layers of the encoder as the strategy wraps it."""
    wrapped = strategy.freezing.wrap(copy.deepcopy(encoder)) if wraps(strategy.freezing) else encoder
    return [layer for layer, _ in wrapped.layers()]


def _idle_rates(strategy: Strategy, layers: list[Layer], encoder: Encoder) -> str:
    """Why rates by layer make no difference; empty where they do, or where there is one rate."""
    head = Layer("head", encoder.depth + 2, encoder.depth)
    rates = {strategy.optimizer.rate(layer) for layer in (*layers, head)}
    if rates == {strategy.optimizer.scale} and type(strategy.optimizer).rate is not Optimizer.rate:
        return f"every layer of {encoder.name} has the same rate"
    if len(rates) > 1 and not _any_trained(strategy, layers):
        return "only the head is trained, so a rate of its own is the same as the rate"
    return ""


def _head_without_tokens(strategy: Strategy, layers: list[Layer]) -> str:
    """Why the head cannot be given what it reads; empty where it can."""
    staged = [part for stage in strategy.procedure.stages() for part in stage.changes if isinstance(part, Head)]
    reads = {head.reads for head in (strategy.head, *staged)}
    if len(reads) > 1:
        return "a later stage puts a head that reads documents on one that reads tokens"
    if "tokens" not in reads:
        return ""
    if strategy.mixer != Mixer():
        return "the mixer blends vectors of documents, and the head reads tokens"
    if not _any_trained(strategy, layers):
        return "its head reads tokens, and a frozen encoder gives one vector per document"
    return ""


def _any_trained(strategy: Strategy, layers: list[Layer]) -> bool:
    """Whether a layer of the encoder is trained at some moment."""
    return any(strategy.freezing.trainable(layer, share) for layer in layers for share in (0.0, 0.5, 1.0))


def base_of(name: str) -> Strategy:
    """What ``--base`` names."""
    return BASES[name]


def searched(registry: Registry, parts: list[str]) -> list[Strategy]:
    """The parts of a search; ``all`` are those that are not the baseline itself, or it in other terms."""
    if parts == [ALL]:
        return [one for one in registry.strategies.values() if one.changed and not one.identity_of]
    return [registry.get(name) for name in _unique(parts) if name != BASELINE.name]


def _wanted(
    registry: Registry,
    strategies: list[str] | None,
    parts: list[str] | None,
    design: str,
    why_not: Callable[[Strategy], str],
) -> tuple[list[Strategy], tuple[str, ...], list[str]]:
    """The strategies to run, the parts that they combine, and a note for each part that is left out, and why."""
    if design not in (*DESIGNS, SEARCH):
        known = [*DESIGNS, SEARCH]
        raise AblateError(f"unknown design '{design}'{near(design, known)} (known: {', '.join(known)})")
    if design == SEARCH:
        return [], (), []
    if parts is not None:
        # the combination of no part is the baseline already
        asked = [one for one in map(registry.get, _unique(parts)) if one.name != BASELINE.name]
        reasons = {one.name: why_not(one) for one in asked}
        # parts that clash are an error whether they fit or not; a plugin that is left out may be broken
        design_arms(design, [one for one in asked if not (reasons[one.name] and registry.origin(one))])
        fit = [one for one in asked if one.changed and not reasons[one.name]]
        notes = [f"{name} is left out: {reason}" for name, reason in reasons.items() if reason]
        return design_arms(design, fit), tuple(one.name for one in fit), notes
    if strategies == [ALL]:
        return list(registry.strategies.values()), (), []
    return [registry.get(name) for name in _unique(strategies if strategies is not None else list(DEFAULT))], (), []


def _unique(names: list[str]) -> list[str]:
    return list(dict.fromkeys(names))


def _of_base(own: Strategy, based: Strategy) -> dict[str, Any]:
    """Marked parameters that an arm has from the base: what the base trains is the same for all arms, not tuned."""
    borrowed = set(based.changed) - set(own.changed)
    return {path: value for path, value in defaults(based).items() if path.partition(".")[0] in borrowed}


def _fix(arm: Arm, fixed: Mapping[str, Any]) -> Arm:
    """Set the parameters that concern this arm: ``factor.field`` for every arm, ``name.factor.field`` for one."""
    values: dict[str, Any] = dict(arm.fixed)
    names, marks = arm.names, arm.marks
    for path, value in sorted(fixed.items(), key=lambda item: item[0].startswith(f"{arm.name}.")):  # its own win
        for own in names.get(path.removeprefix(f"{arm.name}."), ()):
            check_in_range(path, marks[own], value)
            values[own] = value
    return arm.fixing(values)


def _check_used(fixed: Mapping[str, Any], arms: list[Arm]) -> None:
    known = {f"{prefix}{path}" for arm in arms for path in arm.names for prefix in ("", f"{arm.name}.")}
    for path in fixed:
        if path not in known:
            raise AblateError(f"--set {path}: no arm has this parameter{near(path, sorted(known))}")
