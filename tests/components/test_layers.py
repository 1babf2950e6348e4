"""Which layers are trained, and at which rate: functions of the layers that an encoder describes."""

from itertools import pairwise

import pytest
import torch

from ablate.components.freezing import FreezeBottom, FreezeEmbeddings, GradualUnfreezing, HeadOnly, LastLayers
from ablate.components.optimizer import AdapterRate, HeadRate, LayerDecay, Sgd, ShortMemory
from ablate.encoders.base import Layer
from ablate.factors import Freezing, Optimizer

#: Embeddings, four layers, the pooler and the head.
LAYERS = [Layer(name, index, 4) for index, name in enumerate(("words", "1", "2", "3", "4", "pooler", "head"))]


def trained(freezing, progress=0.5):
    return [layer.name for layer in LAYERS if freezing.trainable(layer, progress)]


def rates(optimizer):
    return {layer.name: optimizer.rate(layer) for layer in LAYERS}


def test_the_neutral_freezing_trains_every_layer():
    assert trained(Freezing()) == [layer.name for layer in LAYERS]


def test_head_only_trains_the_head_alone():
    assert trained(HeadOnly()) == ["head"]


@pytest.mark.parametrize(("layers", "expected"), [(1, ["4"]), (2, ["3", "4"]), (4, ["1", "2", "3", "4"])])
def test_the_last_layers_are_trained_with_the_pooler_and_the_head(layers, expected):
    assert trained(LastLayers(layers)) == [*expected, "pooler", "head"]


def test_embeddings_stay_frozen_where_fewer_layers_exist_than_are_named():
    assert not LastLayers(4).trainable(Layer("words", 0, 2), 0.5)


def test_ratio_1_is_one_rate():
    assert rates(HeadRate(scale=3.0, ratio=1.0)) == rates(Optimizer(scale=3.0))
    assert set(rates(HeadRate(scale=3.0, ratio=1.0)).values()) == {3.0}


def test_the_ratio_multiplies_the_rate_of_the_head_alone():
    found = rates(HeadRate(scale=2.0, ratio=10.0))
    assert found.pop("head") == 20.0
    assert set(found.values()) == {2.0}


def test_everything_above_the_embeddings_is_trained():
    assert trained(FreezeEmbeddings()) == ["1", "2", "3", "4", "pooler", "head"]


@pytest.mark.parametrize(
    ("share", "expected"),
    [(0.0, ["words", "1", "2", "3", "4"]), (0.25, ["1", "2", "3", "4"]), (0.5, ["2", "3", "4"]), (0.95, ["4"])],
)
def test_the_bottom_share_is_frozen_in_whole_layers(share, expected):
    # of five layers with the embeddings: 0, 1.25, 2.5 and 4.75, rounded down
    assert trained(FreezeBottom(share)) == [*expected, "pooler", "head"]


def test_layers_are_unfrozen_from_the_top_one_after_the_other():
    # five turns until .5: the top layer (and the pooler) at .1, then one each .1
    above = ["pooler", "head"]
    by_progress = {p: trained(GradualUnfreezing(until=0.5), p) for p in (0.0, 0.1, 0.25, 0.5, 1.0)}
    assert by_progress == {
        0.0: ["head"],
        0.1: ["4", *above],
        0.25: ["3", "4", *above],
        0.5: ["words", "1", "2", "3", "4", *above],
        1.0: ["words", "1", "2", "3", "4", *above],
    }
    assert trained(GradualUnfreezing(until=0.0), 0.0) == trained(Freezing())


def test_the_rate_decays_from_the_top():
    found = rates(LayerDecay(scale=2.0, decay=0.5))
    assert found == {"head": 2.0, "pooler": 2.0, "4": 2.0, "3": 1.0, "2": 0.5, "1": 0.25, "words": 0.125}
    assert rates(LayerDecay(scale=2.0, decay=1.0)) == rates(Optimizer(scale=2.0))


def test_adapters_and_the_head_have_a_rate_of_their_own():
    optimizer = AdapterRate(scale=2.0, ratio=20.0)
    assert optimizer.rate(Layer("4 adapters", 4, 4, adapter=True)) == 40.0
    assert {name: rate for name, rate in rates(optimizer).items() if rate != 2.0} == {"head": 40.0}


def moved(optimizer, sizes, rate=0.01):
    """How far each of these gradients moves a weight."""
    weight = torch.nn.Parameter(torch.zeros(1))
    stepper = optimizer.build([{"params": [weight], "lr": rate, "weight_decay": 0.0}])
    places = [0.0]
    for size in sizes:
        weight.grad = torch.full((1,), size)
        stepper.step()
        places.append(float(weight.detach()))
    return [abs(after - before) for before, after in pairwise(places)]


def test_a_shorter_memory_recovers_sooner_from_a_spike():
    gradients = [1.0] * 20 + [1000.0] + [1.0] * 200
    assert moved(ShortMemory(), gradients)[-1] > 2 * moved(Optimizer(), gradients)[-1]
    assert moved(ShortMemory(beta2=0.999), gradients) == moved(Optimizer(), gradients)


def test_gradient_descent_moves_in_proportion_and_gathers_momentum():
    # .01 * 3, then .01 * (.9 * 3 + 3)
    assert moved(Sgd(), [3.0, 3.0]) == pytest.approx([0.03, 0.057])
    assert set(rates(Sgd(scale=2.0, ratio=100.0)).values()) == {200.0}
    assert Sgd().weight_decay == 0  # SGD's decay grows with its rate, which is large
