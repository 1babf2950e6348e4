"""Search spaces are read off the marks of fields, wherever the fields are."""

import pytest
from marked import STAGED, Capped, Settled, Twice, Worded
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

from ablate.catalog import STRATEGIES
from ablate.components.freezing import LastLayers
from ablate.components.weighting import PowerWeight
from ablate.errors import AblateError
from ablate.factors import Stage
from ablate.space import Choice, Real, Whole, configure, defaults, describe, search_space
from ablate.strategy import Strategy

BASELINE = {"head.dropout", "optimizer.scale"}


def test_every_strategy_tunes_the_rate_and_dropout():
    assert all(set(search_space(strategy)) >= BASELINE for strategy in STRATEGIES)
    assert set(search_space(STRATEGIES[0])) == BASELINE


def test_a_mark_is_found_by_factor_and_field():
    space = search_space(Strategy("s", weighting=PowerWeight()))
    assert space["weighting.power"] == FloatDistribution(0.1, 1.0)
    assert set(space) == BASELINE | {"weighting.power"}


def test_marks_are_inherited_and_unmarked_fields_are_left_out():
    assert set(search_space(Capped())) == {"power", "cap"}


def test_a_subclass_takes_a_mark_away_by_writing_the_field_without_it():
    assert search_space(Settled()) == {}


def test_marks_inside_stages_and_tuples_have_numbered_paths():
    own = {path: value for path, value in defaults(STAGED).items() if path not in BASELINE}
    assert own == {
        "procedure.first.changes.0.power": 0.3,
        "procedure.rest.0.changes.0.layers": 2,
        "procedure.rest.0.changes.1.power": 1.0,
        "procedure.rest.0.changes.1.cap": 10.0,
    }


def test_a_stage_is_configured_without_touching_its_neighbours():
    changed = configure(STAGED, {"procedure.rest.0.changes.1.cap": 50.0, "procedure.first.changes.0.power": 0.7})
    assert changed.procedure == Twice(
        Stage(0.5, (PowerWeight(0.7),)), (Stage(0.5, (LastLayers(), Capped(1.0, cap=50.0))),)
    )
    assert STAGED.procedure == Twice()


@pytest.mark.parametrize("strategy", [*STRATEGIES, STAGED], ids=lambda strategy: strategy.name)
def test_the_defaults_configure_the_strategy_that_they_came_from(strategy):
    assert configure(strategy, defaults(strategy)) == strategy


def test_marks_are_the_distributions_of_optuna():
    assert (Real, Whole, Choice) == (FloatDistribution, IntDistribution, CategoricalDistribution)


@pytest.mark.parametrize("value", [0.05, 1.5, -1, float("nan"), float("inf"), None, "0.5", True, [0.5]], ids=repr)
def test_a_value_outside_its_range_names_the_parameter_and_the_range(value):
    with pytest.raises(AblateError, match=r"weighting\.power = .* lies outside its range 0\.1 to 1;"):
        configure(Strategy("s", weighting=PowerWeight()), {"weighting.power": value})


@pytest.mark.parametrize("value", [0, 9, 2.5, "2", True], ids=repr)
def test_a_whole_number_is_asked_for_where_a_mark_is_whole(value):
    with pytest.raises(AblateError, match=r"size = .* lies outside its range 1 to 8"):
        configure(Worded(), {"size": value})


def test_a_choice_outside_the_words_names_them():
    with pytest.raises(AblateError, match="kind = 'sfot' lies outside its range one of soft, hard"):
        configure(Worded(), {"kind": "sfot"})


def test_one_configuration_has_one_type_however_it_was_written():
    # 2 and 2.0 would have two JSON texts, hence two records
    assert repr(configure(Capped(), {"cap": 2})) == repr(Capped(cap=2.0))
    assert repr(configure(Worded(), {"size": 3.0})) == repr(Worded(size=3))


def test_an_unknown_parameter_has_a_near_match_and_the_list():
    with pytest.raises(AblateError) as error:
        configure(Strategy("s", weighting=PowerWeight()), {"weighting.pwoer": 0.5})
    assert "unknown parameter 'weighting.pwoer'; did you mean 'weighting.power'?" in str(error.value)
    assert "(marked: head.dropout, weighting.power, optimizer.scale)" in str(error.value)


def test_a_value_without_marks_says_so():
    with pytest.raises(AblateError, match=r"unknown parameter 'power' \(marked: none\)"):
        configure(Settled(), {"power": 0.5})


@pytest.mark.parametrize(
    ("mark", "words"),
    [
        (Real(0.1, 10.0, log=True), "0.1 to 10 (log)"),
        (Real(0.0, 0.5), "0 to 0.5"),
        (Whole(1, 4), "1 to 4"),
        (Choice(["a", 2]), "one of a, 2"),
    ],
)
def test_a_mark_is_described_in_words(mark, words):
    assert describe(mark) == words
