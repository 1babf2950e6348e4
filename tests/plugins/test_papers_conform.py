"""Five strategies of the literature conform as a plugin, and their spaces and JSON reach into stages."""

import ast
import json
from pathlib import Path

import paper
import pytest
from paper import STRATEGIES, ClassBalanced, Retrain
from toy_run import train

from ablate.ablation import arms, combine
from ablate.components.weighting import PowerWeight
from ablate.errors import AblateError
from ablate.factors import Stage
from ablate.plugins import registry
from ablate.space import configure, search_space
from ablate.strategy import Strategy, from_json, to_json
from ablate.testing import CHECKS

EVERY = pytest.mark.parametrize("strategy", STRATEGIES, ids=lambda strategy: strategy.name)
COMMON = {"head.dropout", "optimizer.scale"}


@EVERY
@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_conformance(strategy, check):
    check(strategy)


@EVERY
def test_a_run_goes_from_top_to_bottom_and_learns(strategy, setting):
    outcome = train(strategy, setting)
    assert (outcome.status, outcome.reason) == ("finished", "")
    assert len(outcome.losses) == setting.steps
    assert max(outcome.curve.balanced) > outcome.curve.balanced[0] + 0.2


@EVERY
def test_the_same_seed_gives_the_same_run(strategy, setting):
    short = setting.with_budget(30)
    one, other = train(strategy, short), train(strategy, short)
    assert one.losses.tolist() == other.losses.tolist()


def test_the_plugin_needs_the_api_alone():
    tree = ast.parse(Path(paper.__file__).read_text())
    modules = [node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    modules += [name.name for node in ast.walk(tree) if isinstance(node, ast.Import) for name in node.names]
    assert [module for module in modules if module.startswith("ablate")] == ["ablate.api"]


def test_the_file_is_a_plugin_as_it_stands(setting):
    found = registry([paper.__file__])
    assert list(found.strategies)[-5:] == [strategy.name for strategy in STRATEGIES]
    again = from_json(json.loads(json.dumps(to_json(found.get("paper-crt")))))
    assert train(again, setting.with_budget(10)).status == "finished"


@pytest.mark.parametrize(
    ("name", "own"),
    [
        ("paper-asymmetric", {"loss.positive", "loss.negative", "loss.margin"}),
        ("paper-crt", {"procedure.second.changes.0.power"}),
        ("paper-mixup", {"mixer.alpha"}),
        ("paper-label-wise", set()),
        ("paper-follow-recall", {"sampler.strength"}),
    ],
)
def test_the_space_holds_the_parameters_of_the_paper(name, own):
    strategy = next(strategy for strategy in STRATEGIES if strategy.name == name)
    assert set(search_space(strategy)) == COMMON | own


def test_a_parameter_inside_a_stage_is_tuned_and_told():
    crt = Strategy("crt", procedure=Retrain())
    tuned = configure(crt, {"procedure.second.changes.0.power": 0.5})
    assert tuned.procedure.stages()[1].changes[0] == ClassBalanced(0.5)
    assert from_json(json.loads(json.dumps(to_json(tuned)))) == tuned
    assert to_json(tuned) != to_json(crt)


def test_papers_combine_with_each_other_and_with_the_catalog(setting):
    parts = [*STRATEGIES, Strategy("sqrt", weighting=PowerWeight(0.5))]
    rest = [part for part in parts if part.name != "paper-label-wise"]  # mixup blends pooled features
    for left_out, other in (("paper-crt", "sampler"), ("paper-follow-recall", "procedure")):
        together = [part for part in rest if part.name != left_out]
        everything = combine(*together)
        assert set(everything.changed) == {"loss", "mixer", "weighting", other}
        assert train(everything, setting.with_budget(10)).status == "finished"
        assert len(arms("pairwise", together)) == 1 + 4 + 6


def test_a_stage_that_would_take_another_part_off_clashes_with_it():
    by_name = {strategy.name: strategy for strategy in STRATEGIES}
    message = "'paper-follow-recall' sets the factor sampler, and a later stage of 'paper-crt' sets it again"
    with pytest.raises(AblateError, match=message):
        combine(by_name["paper-follow-recall"], by_name["paper-crt"])


def test_a_second_stage_may_be_given_by_hand(setting):
    quick = Retrain(Stage(0.6, (ClassBalanced(0.5),), resets=("head",)))
    assert [stage.share for stage in quick.stages()] == [0.4, 0.6]
    assert train(Strategy("quick", procedure=quick), setting.with_budget(10)).status == "finished"
