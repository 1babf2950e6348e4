"""Which layers are trained, and at which rate: functions of the layers that an encoder describes."""

import pytest

from ablate.components.freezing import HeadOnly, LastLayers
from ablate.components.optimizer import HeadRate
from ablate.encoders.base import Layer
from ablate.factors import Freezing, Optimizer

#: Embeddings, four layers, the pooler and the head.
LAYERS = [Layer(name, index, 4) for index, name in enumerate(("words", "1", "2", "3", "4", "pooler", "head"))]


def trained(freezing):
    return [layer.name for layer in LAYERS if freezing.trainable(layer, 0.5)]


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
