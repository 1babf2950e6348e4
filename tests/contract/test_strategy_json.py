"""A strategy as JSON: only what differs is told, and only components come back."""

from dataclasses import dataclass

import pytest

from ablate.catalog import STRATEGIES
from ablate.components.loss import Focal
from ablate.components.weighting import PowerWeight
from ablate.errors import AblateError
from ablate.factors import Loss, Procedure, Stage, Weighting
from ablate.strategy import FACTORS, Strategy, factor_of, from_json, to_json


@dataclass(frozen=True)
class Staged(Procedure):
    """A procedure whose last stage is a field."""

    last: Stage = Stage(0.5)

    def stages(self):
        return Stage(1 - self.last.share), self.last


POWER = {"class": "ablate.components.weighting:PowerWeight"}


def test_the_baseline_is_its_name_alone():
    assert to_json(Strategy("baseline")) == {"name": "baseline"}


def test_neutral_factors_and_default_fields_are_left_out():
    told = to_json(Strategy("s", weighting=PowerWeight(), loss=Focal(gamma=1.5), bias=STRATEGIES[0].bias))
    assert told == {
        "name": "s",
        "weighting": POWER,
        "loss": {"class": "ablate.components.loss:Focal", "gamma": 1.5},
    }


def test_what_only_describes_a_strategy_is_not_told():
    described = Strategy("s", tags=("a",), identity_of="b", helps="c")
    assert to_json(described) == {"name": "s"}
    assert described == Strategy("s")


def test_neutral_levels_with_other_values_are_told():
    dropped = Strategy("s").replace(head=FACTORS["head"](dropout=0.3))
    assert to_json(dropped)["head"] == {"class": "ablate.factors:Head", "dropout": 0.3}
    assert from_json(to_json(dropped)) == dropped


def test_stages_are_told_with_what_they_change():
    told = {
        "name": "s",
        "procedure": {
            "class": f"{__name__}:Staged",
            "last": {"class": "ablate.factors:Stage", "share": 0.25, "changes": [POWER], "resets": ["head"]},
        },
    }
    staged = from_json(told)
    assert staged.procedure.last == Stage(0.25, (PowerWeight(),), ("head",))
    assert to_json(staged) == told


@pytest.mark.parametrize("strategy", STRATEGIES, ids=lambda strategy: strategy.name)
def test_a_strategy_comes_back_from_its_json(strategy):
    assert from_json(to_json(strategy)) == strategy


@pytest.mark.parametrize("path", ["os:system", "builtins:dict", "pathlib:Path", "ablate.strategy:Strategy"])
def test_what_is_not_a_component_is_never_built(path):
    with pytest.raises(AblateError, match=f"'{path}' is not a component"):
        from_json({"name": "s", "weighting": {"class": path}})


@pytest.mark.parametrize("path", ["nowhere:Weight", "ablate.factors:Wieghting", "ablate.factors", "", ".near:W", 7])
def test_a_class_that_cannot_be_found_asks_for_its_plugin(path):
    with pytest.raises(AblateError, match="cannot be found; install or name the plugin"):
        from_json({"name": "s", "weighting": {"class": path}})


def test_a_component_without_a_class_cannot_be_found():
    with pytest.raises(AblateError, match="cannot be found"):
        from_json({"name": "s", "weighting": {"power": 0.5}})


def test_an_unknown_field_names_the_component_and_the_field():
    with pytest.raises(AblateError, match=r"PowerWeight.*pwoer.*another version"):
        from_json({"name": "s", "weighting": {**POWER, "pwoer": 0.5}})


def test_an_unknown_factor_has_a_near_match():
    with pytest.raises(AblateError, match=r"strategy 's': unknown factor 'wieghting'; did you mean 'weighting'\?"):
        from_json({"name": "s", "wieghting": POWER})


def test_a_strategy_without_a_name_is_refused():
    with pytest.raises(AblateError, match=r"a strategy without a name \(weighting\)"):
        from_json({"weighting": POWER})


@pytest.mark.parametrize("factor", FACTORS)
def test_a_component_in_the_wrong_place_names_the_factor(factor):
    wrong = Loss() if factor != "loss" else Weighting()
    with pytest.raises(AblateError, match=rf"strategy 's': {factor} is a \w+; give a subclass of \w+"):
        Strategy("s", **{factor: wrong})


@pytest.mark.parametrize("factor", FACTORS)
def test_every_neutral_level_fills_its_own_factor(factor):
    assert factor_of(FACTORS[factor]()) == factor


def test_what_fills_no_factor_is_refused_in_words():
    with pytest.raises(AblateError, match=r"Stage\(.*\) fills no factor; give a subclass of one of backbone, head"):
        factor_of(Stage())


def test_changed_names_only_what_is_not_neutral():
    assert Strategy("s").changed == {}
    assert Strategy("s", loss=Focal()).changed == {"loss": Focal()}
    assert Strategy("s", loss=Loss()).changed == {}
