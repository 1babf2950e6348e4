"""``ablate.api`` has every name that a plugin author needs."""

import dataclasses
import importlib
import inspect
import pkgutil
import typing

import pytest

import ablate.api
import ablate.components
from ablate.encoders.base import Encoder
from ablate.factors import Component, Decision, Stage
from ablate.objective import Objective
from ablate.space import Choice, Real, Whole
from ablate.stats import LabelStats
from ablate.strategy import FACTORS, Strategy


def written_components():
    modules = [
        importlib.import_module(f"ablate.components.{module.name}")
        for module in pkgutil.iter_modules(ablate.components.__path__)
    ]
    found = {value for module in modules for value in vars(module).values() if inspect.isclass(value)}
    return sorted(
        (kind for kind in found if issubclass(kind, Component) and kind.__module__.startswith("ablate.components.")),
        key=lambda kind: kind.__name__,
    )


def classes_in(hint):
    if inspect.isclass(hint) and hint.__module__.startswith("ablate"):
        return {hint}
    return {kind for inner in typing.get_args(hint) for kind in classes_in(inner)}


def signatures():
    """Every class of this package that a method of a factor, of a stage or of an encoder takes or gives."""
    owners = [*FACTORS.values(), Stage, Encoder]
    methods = [method for owner in owners for method in vars(owner).values() if inspect.isfunction(method)]
    public = [method for method in methods if not method.__name__.startswith("_") or method.__name__ == "__call__"]
    hints = [typing.get_type_hints(method, localns={"Objective": Objective}) for method in public]
    return {kind for told in hints for hint in told.values() for kind in classes_in(hint)}


def test_every_name_can_be_imported_and_is_listed_in_order():
    listed = ablate.api.__all__
    assert all(hasattr(ablate.api, name) for name in listed)
    assert listed == sorted(listed)
    assert len(set(listed)) == len(listed)


@pytest.mark.parametrize("factor", FACTORS)
def test_every_factor_can_be_subclassed(factor):
    base = FACTORS[factor]
    assert base.__name__ in ablate.api.__all__
    assert getattr(ablate.api, base.__name__) is base


@pytest.mark.parametrize("kind", written_components(), ids=lambda kind: kind.__name__)
def test_every_component_can_be_built_upon(kind):
    assert kind.__name__ in ablate.api.__all__
    assert getattr(ablate.api, kind.__name__) is kind


def test_every_class_in_the_signature_of_a_factor_can_be_named():
    wanted = signatures()
    assert {LabelStats, Objective, Stage, Encoder} <= wanted
    assert sorted(kind.__name__ for kind in wanted if kind.__name__ not in ablate.api.__all__) == []


@pytest.mark.parametrize("kind", [Strategy, Stage, LabelStats, Real, Whole, Choice], ids=lambda kind: kind.__name__)
def test_the_nouns_of_the_contract_are_there(kind):
    assert any(getattr(ablate.api, name) is kind for name in ablate.api.__all__)


@pytest.mark.parametrize("factor", FACTORS)
def test_a_neutral_level_is_a_value_that_says_what_it_does(factor):
    base = FACTORS[factor]
    assert base() == base()
    assert base.__doc__
    assert not base.__doc__.startswith(f"{base.__name__}(")
    with pytest.raises(dataclasses.FrozenInstanceError):
        base().anything = 1


def test_one_strategy_has_one_field_per_factor_in_order():
    names = [field.name for field in dataclasses.fields(Strategy)]
    assert names[1 : 1 + len(FACTORS)] == list(FACTORS)
    assert FACTORS["decision"] is Decision
