"""Which arms a plan asks for, and which of them make sense on the chosen backbone."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from ablate.ablation import arms as design_arms
from ablate.ablation import on_base, trains_other_layers
from ablate.catalog import AS_ASKED, BASELINE, BASES
from ablate.encoders.base import Encoder, Layer
from ablate.encoders.sources import available
from ablate.errors import AblateError, near
from ablate.factors import Backbone, Component, Head, Mixer, Optimizer
from ablate.plugins import Registry
from ablate.space import check_in_range, configure, defaults, search_space
from ablate.strategy import Strategy
from ablate.study.plugged import fault, raised
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


@dataclass(frozen=True)
class Arm:
    """One strategy on the base of the study.

    ``fixed`` are the marked parameters that are not tuned; ``origin`` is the plugin that it comes from, empty where it
    is built in.
    """

    strategy: Strategy
    part: str = ""
    fixed: Mapping[str, Any] = field(default_factory=dict)
    origin: str = ""

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
        based, origin = on_base(strategy, base), registry.origin(strategy)
        reason = _reason(strategy, based, base, encoder, origin)
        if reason:
            notes.append(f"{strategy.name} is left out: {reason}")
            continue
        part = OTHER_LAYERS if trains_other_layers(strategy, base) else ""
        chosen.append(_fix(Arm(based, part, _of_base(strategy, based), origin), fixed))
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
    return replace(arm, strategy=configure(arm.strategy, values), fixed=values)


def _check_used(fixed: Mapping[str, Any], arms: list[Arm]) -> None:
    known = {
        f"{prefix}{path}" for arm in arms for path in search_space(arm.strategy) for prefix in ("", f"{arm.name}.")
    }
    for path in fixed:
        if path not in known:
            raise AblateError(f"--set {path}: no arm has this parameter{near(path, sorted(known))}")
