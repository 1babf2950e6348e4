"""``ablate strategies``: what is told of each, as JSON and in words."""

import json

import pytest
from marked import STAGED

from ablate.catalog import STRATEGIES
from ablate.errors import AblateError
from ablate.listing import by_factor, entry, show
from ablate.strategy import FACTORS

WORDED = """
from dataclasses import dataclass
from typing import Annotated

from ablate.api import Choice, Strategy, Weighting


@dataclass(frozen=True)
class Worded(Weighting):
    \"\"\"A weighting with a word for a parameter.\"\"\"

    source = "nobody 2020"
    baseline_at = {"kind": "none"}

    kind: Annotated[str, Choice(["none", "soft", "hard"])] = "soft"


STRATEGIES = [Strategy("worded", weighting=Worded())]
"""


@pytest.fixture(autouse=True)
def wide(monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setenv("NO_COLOR", "1")


@pytest.fixture
def worded(tmp_path):
    path = tmp_path / "worded.py"
    path.write_text(WORDED)
    return str(path)


def listed(capsys, *given):
    show(*given)
    return json.loads(capsys.readouterr().out)


@pytest.mark.parametrize("strategy", STRATEGIES, ids=lambda strategy: strategy.name)
def test_every_strategy_is_told_in_full(strategy, capsys):
    (found,) = listed(capsys, strategy.name, "json", [])
    assert found.keys() >= {"name", "factor", "source", "tags", "parameters", "baseline_at"}
    assert found["name"] == strategy.name
    assert found["factor"] == (", ".join(strategy.changed) or "none")
    assert bool(found["source"]) == bool(strategy.changed)
    assert found["tags"] == list(strategy.tags)
    assert all(parameter.keys() == {"name", "default", "range"} for parameter in found["parameters"])


def test_the_whole_list_keeps_the_order_of_the_catalog(capsys):
    assert [found["name"] for found in listed(capsys, None, "json", [])] == [s.name for s in STRATEGIES]


def test_parameters_and_neutral_values_are_told_by_path():
    focal = entry(next(strategy for strategy in STRATEGIES if strategy.name == "focal"))
    assert {"name": "loss.gamma", "default": 2.0, "range": "0.5 to 5"} in focal["parameters"]
    assert focal["baseline_at"] == {"loss.gamma": 0.0}
    assert (focal["factor"], focal["source"]) == ("loss", "Lin et al. 2017")


def test_parameters_inside_stages_are_told():
    names = [parameter["name"] for parameter in entry(STAGED)["parameters"]]
    assert "procedure.rest.0.changes.1.cap" in names


def test_a_strategy_in_words_has_its_docstring_source_parameters_and_neutral_value(capsys):
    show("pos-weight-sqrt", "table", [])
    told = capsys.readouterr().out
    assert "Weight positives by (negatives / positives) ** power" in told
    assert "King and Zeng 2001" in told
    assert "weighting.power = 0.5, range 0.1 to 1" in told
    assert "weighting.power = 0" in told.split("baseline at")[1]


def test_an_identity_is_told_to_stand_outside_the_ranking(capsys):
    show("logit-adjusted", "table", [])
    assert "BCE reparametrised: shown on a board, not ranked" in capsys.readouterr().out


def test_strategies_are_grouped_by_the_factor_that_they_change():
    found = by_factor(STRATEGIES)
    assert list(found) == ["reference", *(factor for factor in FACTORS if factor != "decision"), "combination"]
    assert sorted(s.name for group in found.values() for s in group) == sorted(s.name for s in STRATEGIES)
    for factor in set(found) - {"reference", "combination"}:
        assert all(list(strategy.changed) == [factor] for strategy in found[factor])
    assert {"lora", "distribution-balanced", "ldam-drw"} == {s.name for s in found["combination"]}


def test_the_table_has_a_heading_for_each_factor_and_the_decision_rules(capsys):
    show(None, "table", [])
    lines = [line.strip() for line in capsys.readouterr().out.splitlines()]
    headings = [line for line in lines if line in {"reference", *FACTORS, "combination"}]
    assert headings == ["reference", *(factor for factor in FACTORS if factor != "decision"), "combination"]
    told = [line.split()[0] for line in lines if line]
    assert told.index("decision") < told.index("native") < told.index("precision-floor")


def test_a_composition_has_no_single_value_at_which_it_is_the_baseline():
    balanced = next(strategy for strategy in STRATEGIES if strategy.name == "distribution-balanced")
    assert entry(balanced)["baseline_at"] == {}
    assert entry(balanced)["factor"] == "weighting, shift, loss"
    assert entry(balanced)["source"] == "Wu et al. 2020; Lin et al. 2017"


def test_a_plugin_is_listed_with_the_built_in_strategies(capsys, worded):
    assert listed(capsys, None, "json", [worded])[-1]["name"] == "worded"


def test_a_parameter_may_be_a_word(capsys, worded):
    (found,) = listed(capsys, "worded", "json", [worded])
    parameter = {"name": "weighting.kind", "default": "soft", "range": "one of none, soft, hard"}
    assert parameter in found["parameters"]
    show("worded", "table", [worded])
    show(None, "table", [worded])
    told = capsys.readouterr().out
    assert "weighting.kind = soft, range one of none, soft, hard" in told
    assert "weighting.kind = none" in told
    assert "kind soft (one of none, soft, hard)" in told


def test_a_broken_plugin_is_named_beside_the_json_not_in_it(capsys, monkeypatch):
    from importlib.metadata import EntryPoint

    broken = EntryPoint("acme", "acme_that_is_not_there:STRATEGIES", "ablate.strategies")
    monkeypatch.setattr("ablate.plugins.entry_points", lambda group: [broken])
    show("baseline", "json", [])
    told = capsys.readouterr()
    assert json.loads(told.out)[0]["name"] == "baseline"
    assert "plugin 'acme' (acme_that_is_not_there:STRATEGIES) is left out" in told.err


def test_an_unknown_format_or_name_is_one_clear_line():
    with pytest.raises(AblateError, match="unknown format 'yaml'; give table or json"):
        show(None, "yaml", [])
    with pytest.raises(AblateError, match=r"unknown strategy 'focla'; did you mean 'focal'\?"):
        show("focla", "table", [])
