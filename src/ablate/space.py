"""Search spaces read off the marks of dataclass fields.

A mark is an Optuna distribution in an annotation: ``power: Annotated[float, Real(0.1, 1.0)] = 0.5``. The default
is the published value, the mark is the range. Spaces can therefore be listed, hashed and documented without
running anything.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, TypeVar, get_args, get_origin, get_type_hints

from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)

from ablate.errors import AblateError, near

Real = FloatDistribution
Whole = IntDistribution
Choice = CategoricalDistribution

T = TypeVar("T")


def search_space(value: Any) -> dict[str, BaseDistribution]:
    """Every mark inside a dataclass, nested parts included: ``{"weighting.power": Real(0.1, 1.0)}``."""
    return {path: mark for path, mark, _ in _marks(value)}


def defaults(value: Any) -> dict[str, Any]:
    """The current values of the marked fields, by the same paths as :func:`search_space`."""
    return {path: current for path, _, current in _marks(value)}


def configure(value: T, values: Mapping[str, Any]) -> T:
    """A copy with marked fields replaced.

    Raises:
        AblateError: a path is not marked in ``value``, or a number lies outside its range.
    """
    space = search_space(value)
    for path, new in values.items():
        if path not in space:
            raise AblateError(
                f"unknown parameter '{path}'{near(path, list(space))} (marked: {', '.join(space) or 'none'})"
            )
        check_in_range(path, space[path], new)
        value = _replace(value, path.split("."), _settled(space[path], new))
    return value


def check_in_range(path: str, mark: BaseDistribution, value: Any) -> None:
    """Raise :class:`AblateError` where a value does not belong to a mark."""
    numeric = not isinstance(mark, CategoricalDistribution)
    try:
        # Optuna reads "0.5" and True as numbers; a component's arithmetic would not
        fits = not (numeric and isinstance(value, str | bool))
        inside = fits and mark._contains(mark.to_internal_repr(value))
    except (TypeError, ValueError):
        inside = False
    if not inside:
        raise AblateError(f"{path} = {value!r} lies outside its range {describe(mark)}; give a value inside it")


def describe(mark: BaseDistribution) -> str:
    """A mark in words: ``0.1 to 10 (log)``."""
    if isinstance(mark, CategoricalDistribution):
        return "one of " + ", ".join(str(choice) for choice in mark.choices)
    assert isinstance(mark, FloatDistribution | IntDistribution)
    return f"{mark.low:g} to {mark.high:g}" + (" (log)" if mark.log else "")


def _settled(mark: BaseDistribution, value: Any) -> Any:
    """The value in the type of its mark: 2 and 2.0 are one configuration, so they have one JSON and one record."""
    if isinstance(mark, FloatDistribution):
        return float(value)
    return int(value) if isinstance(mark, IntDistribution) else value


def _marks(value: Any, path: str = "") -> Iterator[tuple[str, BaseDistribution, Any]]:
    if isinstance(value, tuple):
        for number, item in enumerate(value):
            yield from _marks(item, f"{path}{number}.")
        return
    if not dataclasses.is_dataclass(value) or isinstance(value, type):
        return
    hints = get_type_hints(type(value), include_extras=True)
    for field in dataclasses.fields(value):
        current = getattr(value, field.name)
        mark = _mark(hints[field.name])
        if mark is not None:
            yield path + field.name, mark, current
        else:
            yield from _marks(current, f"{path}{field.name}.")


def _mark(hint: Any) -> BaseDistribution | None:
    if get_origin(hint) is not Annotated:
        return None
    return next((extra for extra in get_args(hint)[1:] if isinstance(extra, BaseDistribution)), None)


def _replace(value: Any, path: list[str], new: Any) -> Any:
    head, rest = path[0], path[1:]
    if isinstance(value, tuple):
        number = int(head)
        return (*value[:number], _replace(value[number], rest, new), *value[number + 1 :])
    return dataclasses.replace(value, **{head: _replace(getattr(value, head), rest, new) if rest else new})
