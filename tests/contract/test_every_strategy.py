"""What holds for every built-in strategy: awkward batches, and the value at which it is the baseline."""

import dataclasses

import numpy as np
import pytest
import torch

from ablate.catalog import BASELINE, STRATEGIES
from ablate.data.labels import Labels
from ablate.factors import FACTORS
from ablate.objective import known_shift, objective
from ablate.space import configure, search_space
from ablate.stats import LabelStats
from ablate.testing import ToyEncoder, toy_labels, toy_model, toy_stats, toy_step

EVERY = pytest.mark.parametrize("strategy", STRATEGIES, ids=lambda strategy: strategy.name)
WITH_NEUTRAL_VALUE = [s for s in STRATEGIES if any(part.baseline_at for part in s.changed.values())]

#: Label lists of whole training splits that are awkward, by what is awkward, and the number of labels.
SPLITS = {
    "one label": ([[0], [], [], [0]], 1),
    "one document": ([[0, 1]], 2),
    "every label everywhere": ([[0, 1, 2]] * 4, 3),
    "one label everywhere": ([[0], [0, 1], [0], [0]], 2),
    "one label on a single document of thousands": ([[0]] + [[1]] * 3000, 2),
}


def assert_finite_step(strategy, labels, stats, targets):
    goal = objective(strategy.loss, strategy.weighting, strategy.shift, strategy.sampler, labels, stats)
    logits = strategy.bias.start(goal, stats).expand_as(targets).clone().requires_grad_()
    loss = goal(logits, targets, stats)
    loss.backward()
    assert loss.ndim == 0
    assert torch.isfinite(loss)
    assert torch.isfinite(logits.grad).all()
    assert torch.isfinite(known_shift(goal, stats)).all()


@EVERY
@pytest.mark.parametrize("filling", [0.0, 1.0], ids=["no positives", "all positive"])
@pytest.mark.parametrize("documents", [1, 8])
def test_a_batch_of_one_kind_gives_a_finite_loss_and_gradient(strategy, filling, documents):
    assert_finite_step(strategy, toy_labels(), toy_stats(), torch.full((documents, 5), filling))


@EVERY
@pytest.mark.parametrize("split", SPLITS)
def test_an_awkward_training_split_gives_a_finite_loss_and_gradient(strategy, split):
    rows, width = SPLITS[split]
    labels = Labels.from_lists(rows, width)
    stats = LabelStats(torch.from_numpy(labels.counts()).float(), len(labels))
    assert_finite_step(strategy, labels, stats, torch.from_numpy(labels.take(np.arange(len(rows))[:8]).dense()))
    draws = strategy.sampler.weights(labels, stats)
    assert torch.isfinite(draws).all()
    assert (draws > 0).all()


def effect(strategy):
    """All that a component can act on in the toy set-up, by name."""
    model, loss = toy_step(strategy)
    fresh, goal, stats = toy_model(strategy)
    found = {f"gradient of {name}": parameter.grad for name, parameter in model.named_parameters()}
    found |= {f"start of {name}": parameter.detach() for name, parameter in fresh.named_parameters()}
    layers = [layer for layer, _ in fresh.layers()]
    return {
        **found,
        "loss": loss,
        "known shift": known_shift(goal, stats),
        "draws": strategy.sampler.weights(toy_labels(), stats).double(),
        "rates": torch.tensor([strategy.optimizer.rate(layer) for layer in layers]),
        "schedule": torch.tensor([strategy.schedule.scale(step / 10) for step in range(11)]),
    }


def at_baseline(strategy):
    parts = {factor: dataclasses.replace(part, **part.baseline_at) for factor, part in strategy.changed.items()}
    return strategy.replace(**parts)


def far_from_baseline(strategy):
    """The parameters that have a neutral value at the upper end of their range."""
    space = search_space(strategy)
    paths = [f"{factor}.{name}" for factor, part in strategy.changed.items() for name in part.baseline_at]
    return configure(strategy, {path: space[path].high for path in paths})


@pytest.mark.parametrize("strategy", WITH_NEUTRAL_VALUE, ids=lambda strategy: strategy.name)
def test_a_strategy_at_its_neutral_value_acts_as_the_baseline(strategy):
    torch.testing.assert_close(effect(at_baseline(strategy)), effect(BASELINE))


@pytest.mark.parametrize("strategy", WITH_NEUTRAL_VALUE, ids=lambda strategy: strategy.name)
def test_a_strategy_far_from_its_neutral_value_does_not(strategy):
    with pytest.raises(AssertionError, match="not close"):
        torch.testing.assert_close(effect(far_from_baseline(strategy)), effect(BASELINE))


def test_all_that_shapes_the_objective_has_a_neutral_value_or_is_one_choice():
    # whole levels of a factor have no dial: zero bias, inverse weights, softmax, and what is frozen
    without = {s.name for s in STRATEGIES} - {s.name for s in WITH_NEUTRAL_VALUE}
    assert without == {"baseline", "as-asked", "pos-weight-inverse", "last-layers", "softmax"}


@EVERY
def test_every_strategy_says_when_it_helps(strategy):
    assert strategy.helps.endswith(".")


@EVERY
def test_every_change_names_its_source_and_a_field_for_its_neutral_value(strategy):
    for factor, part in strategy.changed.items():
        assert part.source
        assert set(part.baseline_at) <= {field.name for field in dataclasses.fields(part)}
        assert type(part) is not FACTORS[factor]


def test_names_are_unique():
    names = [strategy.name for strategy in STRATEGIES]
    assert len(set(names)) == len(names)


def test_the_catalog_has_the_strategies_that_were_asked_for():
    assert {
        "baseline",
        "as-asked",
        "pos-weight-inverse",
        "pos-weight-sqrt",
        "effective-number",
        "focal",
        "repeat-factor",
        "logit-adjusted",
        "last-layers",
        "head-rate",
        "softmax",
    } <= {strategy.name for strategy in STRATEGIES}
    assert [s.name for s in STRATEGIES if s.identity_of] == ["logit-adjusted"]


def test_the_toy_encoder_describes_each_of_its_parameters_once():
    encoder = ToyEncoder()
    described = [id(parameter) for _, parameters in encoder.layers() for parameter in parameters]
    assert sorted(described) == sorted(id(parameter) for parameter in encoder.parameters())
