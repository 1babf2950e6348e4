"""A strategy: one component per factor, as a frozen value that survives a JSON round trip."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

from ablate.errors import AblateError, near
from ablate.factors import (
    Backbone,
    Bias,
    Clipping,
    Component,
    Decision,
    Freezing,
    Head,
    Loss,
    Mixer,
    Optimizer,
    Procedure,
    Sampler,
    Schedule,
    Shift,
    Stage,
    Weighting,
)

#: The factors in the order in which a strategy lists them.
FACTORS: dict[str, type[Component]] = {
    "backbone": Backbone,
    "head": Head,
    "bias": Bias,
    "weighting": Weighting,
    "shift": Shift,
    "mixer": Mixer,
    "loss": Loss,
    "sampler": Sampler,
    "freezing": Freezing,
    "optimizer": Optimizer,
    "schedule": Schedule,
    "procedure": Procedure,
    "clipping": Clipping,
    "decision": Decision,
}


@dataclass(frozen=True)
class Strategy:
    """A named choice of one component per factor; what is not named is neutral.

    ``tags`` group strategies; ``identity_of`` says of what a strategy is a reparametrisation (it is shown, not
    ranked); ``helps`` is a sentence on when it should help; ``parts`` names what a design put together.
    """

    name: str
    backbone: Backbone = Backbone()
    head: Head = Head()
    bias: Bias = Bias()
    weighting: Weighting = Weighting()
    shift: Shift = Shift()
    mixer: Mixer = Mixer()
    loss: Loss = Loss()
    sampler: Sampler = Sampler()
    freezing: Freezing = Freezing()
    optimizer: Optimizer = Optimizer()
    schedule: Schedule = Schedule()
    procedure: Procedure = Procedure()
    clipping: Clipping = Clipping()
    decision: Decision = Decision()
    tags: tuple[str, ...] = field(default=(), compare=False)
    identity_of: str = field(default="", compare=False)
    helps: str = field(default="", compare=False)
    parts: tuple[str, ...] = field(default=(), compare=False)

    def __post_init__(self) -> None:
        for name, base in FACTORS.items():
            if not isinstance(getattr(self, name), base):
                raise AblateError(
                    f"strategy '{self.name}': {name} is a {type(getattr(self, name)).__name__}; "
                    f"give a subclass of {base.__name__}"
                )

    @property
    def components(self) -> dict[str, Component]:
        """The component of every factor."""
        return {name: getattr(self, name) for name in FACTORS}

    @property
    def changed(self) -> dict[str, Component]:
        """The components that are not at their neutral level."""
        return {name: part for name, part in self.components.items() if part != FACTORS[name]()}

    def replace(self, **changes: Any) -> Strategy:
        """A copy with some fields replaced."""
        return dataclasses.replace(self, **changes)


def factor_of(component: Component) -> str:
    """The factor that a component fills.

    Raises:
        AblateError: it fills none.
    """
    for name, base in FACTORS.items():
        if isinstance(component, base):
            return name
    raise AblateError(f"{component!r} fills no factor; give a subclass of one of {', '.join(FACTORS)}")


def to_json(strategy: Strategy) -> dict[str, Any]:
    """What determines a strategy, as JSON: its name, its components that are not neutral, their fields.

    Fields at their class default are left out, so a later field with a neutral default changes no record's key.
    """
    return {"name": strategy.name, **{factor: _encode(part) for factor, part in strategy.changed.items()}}


def from_json(data: dict[str, Any]) -> Strategy:
    """The inverse of :func:`to_json`.

    Raises:
        AblateError: a factor is unknown, a component's class cannot be found, or a field does not belong to it.
    """
    if not isinstance(data.get("name"), str):
        raise AblateError(f"a strategy without a name ({', '.join(data) or 'empty'}); give it one")
    known = list(FACTORS)
    for factor in data:
        if factor != "name" and factor not in known:
            raise AblateError(
                f"strategy '{data['name']}': unknown factor '{factor}'{near(factor, known)} (known: {', '.join(known)})"
            )
    parts = {factor: _decode(part) for factor, part in data.items() if factor != "name"}
    return Strategy(data["name"], **parts)


def _encode(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_encode(item) for item in value]
    if not dataclasses.is_dataclass(value) or isinstance(value, type):
        return value
    kind = type(value)
    encoded: dict[str, Any] = {"class": f"{kind.__module__}:{kind.__qualname__}"}
    for item in dataclasses.fields(value):
        current = getattr(value, item.name)
        if current != _default(item):
            encoded[item.name] = _encode(current)
    return encoded


def _default(item: dataclasses.Field[Any]) -> Any:
    if item.default_factory is not dataclasses.MISSING:
        return item.default_factory()
    return item.default


def _decode(value: Any) -> Any:
    if isinstance(value, list):
        return tuple(_decode(item) for item in value)
    if not isinstance(value, dict):
        return value
    kind = _class(str(value.get("class", "")))
    try:
        return kind(**{name: _decode(part) for name, part in value.items() if name != "class"})
    except TypeError as error:
        raise AblateError(f"component {value['class']}: {error}; was it written by another version?") from error


def _class(path: str) -> type[Component] | type[Stage]:
    """A component's class from ``module:Name``; nothing but components and stages is ever built."""
    module, _, name = path.partition(":")
    try:
        kind: Any = import_module(module)
        for part in name.split("."):
            kind = getattr(kind, part)
    except (ImportError, AttributeError, TypeError, ValueError) as error:  # the last two: "" and ".relative"
        raise AblateError(f"component '{path}' cannot be found; install or name the plugin it came from") from error
    if not (isinstance(kind, type) and issubclass(kind, Component | Stage)):
        raise AblateError(f"'{path}' is not a component; a strategy is made of components alone")
    return kind
