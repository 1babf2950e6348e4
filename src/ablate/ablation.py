"""Combining strategies, and the designs that turn parts into arms."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import combinations

from ablate.errors import AblateError, near
from ablate.factors import Component, Freezing
from ablate.strategy import Strategy, factor_of

#: Sizes of the subsets that a design runs, given the number of parts.
DESIGNS: dict[str, Callable[[int], set[int]]] = {
    "add-one-in": lambda n: {0, 1},
    "leave-one-out": lambda n: {0, 1, n - 1, n},
    "pairwise": lambda n: {0, 1, 2},
    "factorial": lambda n: set(range(n + 1)),
}


def combine(*parts: Strategy, name: str = "") -> Strategy:
    """One strategy with the changed components of all parts; a single part without another name stays what it is.

    Raises:
        AblateError: two parts change the same factor, from the first step on or in a later stage; the message names
            it.
    """
    if len(parts) == 1 and not name:
        return parts[0]
    taken: dict[str, tuple[str, Component]] = {}
    for part in parts:
        for factor, component in part.changed.items():
            if factor in taken and taken[factor][1] != component:
                raise AblateError(
                    f"'{taken[factor][0]}' and '{part.name}' both set the factor {factor}; "
                    "a combination needs parts that differ in their factors"
                )
            taken[factor] = (part.name, component)
    _refuse_undone(parts)
    components = {factor: component for factor, (_, component) in taken.items()}
    tags = tuple(dict.fromkeys(tag for part in parts for tag in part.tags))
    return Strategy(name or "+".join(part.name for part in parts) or "baseline", **components, tags=tags)  # type: ignore[arg-type]


def _refuse_undone(parts: Sequence[Strategy]) -> None:
    """A stage of one part that sets the factor of another would take that part off in the middle of the run."""
    for part in parts:
        staged = {factor_of(change) for stage in part.procedure.stages() for change in stage.changes}
        for other in parts:
            for factor in other.changed:
                if other is not part and factor in staged:
                    raise AblateError(
                        f"'{other.name}' sets the factor {factor}, and a later stage of '{part.name}' sets it again; "
                        "a combination needs parts that differ in their factors"
                    )


def on_base(strategy: Strategy, base: Strategy) -> Strategy:
    """The strategy with the base's component wherever it is neutral itself; its own changes win."""
    own = strategy.changed
    fields = {name: part for name, part in base.changed.items() if name not in own}
    return strategy.replace(**fields)


def trains_other_layers(strategy: Strategy, base: Strategy) -> bool:
    """Whether a strategy sets freezing or backbone itself, so that it stands in its own part of the board.

    A later stage that freezes layers of a fully trained base trains nothing else than the base does; on any other
    base it may.
    """
    own = any(
        name in strategy.changed and getattr(strategy, name) != getattr(base, name) for name in ("freezing", "backbone")
    )
    staged = any(isinstance(part, Freezing) for stage in strategy.procedure.stages() for part in stage.changes)
    return own or (staged and base.freezing != Freezing())


def arms(design: str, parts: Sequence[Strategy]) -> list[Strategy]:
    """The arms of a design over parts, the empty combination (the baseline) first.

    Every arm knows its ``parts``. A part that changes nothing is the baseline and makes no arm of its own.

    Raises:
        AblateError: the design is unknown, or two parts of one arm set the same factor.
    """
    if design not in DESIGNS:
        known = list(DESIGNS)
        raise AblateError(f"unknown design '{design}'{near(design, known)} (known: {', '.join(known)})")
    changing = [part for part in parts if part.changed]
    sizes = sorted(size for size in DESIGNS[design](len(changing)) if size >= 0)
    subsets = [subset for size in sizes for subset in combinations(changing, size)]
    return [combine(*subset).replace(parts=tuple(part.name for part in subset)) for subset in subsets]
