from __future__ import annotations

import itertools
from dataclasses import dataclass, replace
from typing import ClassVar

import pytest
import torch
from small_settings import go_on, ignore, with_rate

from ablate.components.freezing import HeadOnly, LastLayers
from ablate.components.optimizer import HeadRate
from ablate.encoders.base import Encoder, Layer
from ablate.factors import Freezing, Head, Procedure, Stage
from ablate.objective import objective
from ablate.strategy import Strategy
from ablate.train.frozen import wholly_frozen
from ablate.train.model import Model, build_model, groups, set_mode, set_trainable
from ablate.train.run import run
from ablate.train.setting import Setting

NEUTRAL = Strategy("neutral")


def model(one: Setting, strategy: Strategy = NEUTRAL) -> Model:
    stats = one.prepared.stats()
    labels = one.prepared.labels["train"]
    goal = objective(strategy.loss, strategy.weighting, strategy.shift, strategy.sampler, labels, stats)
    return build_model(strategy, one.encoder_for(strategy), False, goal, stats)


def layer_of(made: Model) -> dict[int, str]:
    return {id(parameter): layer.name for layer, parameters in made.layers() for parameter in parameters}


@pytest.mark.parametrize("name", ["bag", "bert"])
def test_every_parameter_stands_in_exactly_one_group(name: str, request):
    made = model(request.getfixturevalue(name))
    found = [id(p) for group in groups(made, NEUTRAL, 1e-3) for p in group["params"]]
    assert sorted(found) == sorted(id(p) for p in made.parameters())


def test_matrices_decay_and_vectors_do_not(bert: Setting):
    made = model(bert)
    for group in groups(made, NEUTRAL, 1e-3):
        expected = {0.01 if p.ndim > 1 else 0.0 for p in group["params"]}
        assert expected == {group["weight_decay"]}
    undecayed = {id(p) for g in groups(made, NEUTRAL, 1e-3) if g["weight_decay"] == 0 for p in g["params"]}
    assert id(made.bias) in undecayed


def test_one_rate_for_all_layers_unless_the_strategy_says_otherwise(bert: Setting):
    made = model(bert)
    assert {group["lr"] for group in groups(made, NEUTRAL, 2e-5)} == {2e-5}
    rates = {
        group["layer"]: group["lr"]
        for group in groups(made, NEUTRAL.replace(optimizer=HeadRate(2.0, ratio=50.0)), 1e-4)
    }
    assert rates.pop("head") == pytest.approx(1e-2)
    assert set(rates.values()) == {2e-4}
    assert len(rates) == 4  # embeddings, two layers, pooler


def test_the_bias_starts_at_the_constant_of_the_strategy_and_is_a_copy(bag: Setting):
    stats = bag.prepared.stats()
    made = model(bag)
    torch.testing.assert_close(made.bias.detach(), stats.log_odds, atol=1e-3, rtol=0)


def test_frozen_layers_get_no_gradient_and_stay_in_evaluation_mode(bert: Setting):
    strategy = NEUTRAL.replace(freezing=LastLayers(1))
    made = model(bert, strategy)
    set_trainable(made, strategy, 0.0)
    set_mode(made)
    batch = bert.inputs.take(bert.prepared.rows["train"][:8])
    made.logits(made.features(batch)).square().mean().backward()
    graded = {layer_of(made)[id(p)] for p in made.parameters() if p.grad is not None}
    assert graded == {"layer 2", "pooler", "head"}
    assert made.encoder is not None
    bodies = made.encoder.model.encoder.layer
    assert not any(module.training for module in made.encoder.model.embeddings.modules())
    assert not any(module.training for module in bodies[0].modules())
    assert all(module.training for module in bodies[1].modules())
    assert made.head.training


def test_what_is_frozen_again_forgets_its_gradient(bag: Setting):
    made = model(bag)
    made.logits(made.features(bag.inputs.take(bag.prepared.rows["train"][:8]))).mean().backward()
    set_trainable(made, NEUTRAL.replace(freezing=HeadOnly()), 0.0)
    assert made.encoder is not None
    assert all(p.grad is None and not p.requires_grad for p in made.encoder.parameters())
    set_trainable(made, NEUTRAL, 0.0)
    assert all(p.requires_grad for p in made.parameters())


@dataclass(frozen=True)
class Thaw(Freezing):
    """The encoder is trained in the second half."""

    def trainable(self, layer: Layer, progress: float) -> bool:
        return layer.is_head or progress >= 0.5


@dataclass(frozen=True)
class Freeze(Freezing):
    """The encoder is trained in the first half."""

    def trainable(self, layer: Layer, progress: float) -> bool:
        return layer.is_head or progress < 0.5


@pytest.mark.parametrize(("freezing", "moves"), [(Thaw(), [False, True]), (Freeze(), [True, False])])
def test_layers_train_exactly_while_the_strategy_says_so(bag: Setting, freezing: Freezing, moves: list[bool]):
    words: list[torch.Tensor] = []

    @dataclass(frozen=True)
    class Watching(Procedure):
        def after_step(self, model, stats):
            words.append(model.encoder.words.weight.detach().clone())

    one = with_rate(replace(bag, steps=50), 0.01)
    run(NEUTRAL.replace(freezing=freezing, procedure=Watching()), one, 0, go_on, ignore)
    moved = [not torch.equal(a, b) for a, b in itertools.pairwise(words)]
    # progress is looked at every 2 steps; the last step of the run has rate 0.01 * 0.01 / 0.9
    assert (any(moved[:24]), any(moved[27:])) == tuple(moves)
    assert all(moved[:24]) or not any(moved[:24])
    assert all(moved[27:]) or not any(moved[27:])


@dataclass(frozen=True)
class TokenHead(Head):
    reads: ClassVar[str] = "tokens"


@dataclass(frozen=True)
class Wrapping(HeadOnly):
    def wrap(self, encoder: Encoder) -> Encoder:
        return encoder


@dataclass(frozen=True)
class LastMoment(Freezing):
    def trainable(self, layer: Layer, progress: float) -> bool:
        return layer.is_head or progress >= 1


@dataclass(frozen=True)
class Later(Procedure):
    """The second stage changes one component."""

    change: Freezing | Head = Freezing()

    def stages(self) -> tuple[Stage, ...]:
        return (Stage(0.5), Stage(0.5, (self.change,)))


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, False),
        ({"freezing": HeadOnly()}, True),
        ({"freezing": LastLayers(1)}, False),
        ({"freezing": HeadOnly(), "head": TokenHead()}, False),
        ({"freezing": Wrapping()}, False),
        ({"freezing": LastMoment()}, False),
        ({"freezing": HeadOnly(), "procedure": Later(Freezing())}, False),
        ({"freezing": HeadOnly(), "procedure": Later(HeadOnly())}, True),
        ({"freezing": HeadOnly(), "procedure": Later(TokenHead())}, False),
    ],
)
def test_vectors_are_computed_once_only_where_no_layer_is_trained_at_any_point(bert: Setting, changes, expected: bool):
    assert wholly_frozen(NEUTRAL.replace(**changes), bert.encoder) is expected
