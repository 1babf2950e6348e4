"""Runs on the cached output of frozen layers are the runs that compute it in every step."""

from dataclasses import replace

import numpy as np
import pytest
from small_settings import go_on, ignore, with_rate

from ablate.components.freezing import HeadOnly, LastLayers
from ablate.factors import Freezing, Procedure, Stage
from ablate.strategy import Strategy
from ablate.testing import ToyEncoder
from ablate.train.frozen import frozen_layers
from ablate.train.prefix import prefix_inputs
from ablate.train.run import run
from ablate.train.setting import Setting
from ablate.train.vectors import VectorCache

LAST = Strategy("last-layers", freezing=LastLayers(1))


class UnfreezeAtOnce(Procedure):
    """A first stage on the head, a second on everything."""

    def stages(self):
        return (Stage(0.5), Stage(0.5, changes=(Freezing(),)))


def test_a_run_on_cached_layers_is_the_run_with_the_whole_encoder_in_the_loop(bert: Setting, tmp_path):
    whole = with_rate(bert, 1e-3)
    states = prefix_inputs(bert.encoder, bert.prepared, 1, "fp32", VectorCache(tmp_path))
    short = replace(whole, inputs=states, prefix=1)
    in_loop, cached = (run(LAST, one, 3, go_on, ignore) for one in (whole, short))
    np.testing.assert_allclose(cached.losses, in_loop.losses, atol=1e-5)
    assert cached.curve.macro == pytest.approx(in_loop.curve.macro, abs=1e-5)
    assert in_loop.losses[0] != in_loop.losses[-1]


def test_the_second_builder_finds_the_file_of_the_first(bert: Setting, tmp_path):
    def refuse(done: int, total: int) -> None:
        raise AssertionError("computed again")

    first = prefix_inputs(bert.encoder, bert.prepared, 1, "fp32", VectorCache(tmp_path))
    second = prefix_inputs(bert.encoder, bert.prepared, 1, "fp32", VectorCache(tmp_path), refuse)
    rows = np.array([3, 0, 3])
    assert first.take(rows).flat.equal(second.take(rows).flat)


@pytest.mark.parametrize(
    ("strategy", "layers"),
    [
        (LAST, 1),
        (Strategy("two", freezing=LastLayers(2)), 0),
        (Strategy("probe", freezing=HeadOnly()), 2),
        (Strategy("full"), None),
        (Strategy("unfreezes", freezing=HeadOnly(), procedure=UnfreezeAtOnce()), None),
    ],
    ids=lambda value: getattr(value, "name", str(value)),
)
def test_only_what_no_stage_trains_counts_as_frozen(bert: Setting, strategy, layers):
    assert frozen_layers(strategy, bert.encoder) == layers


def test_layers_that_have_no_room_in_the_cache_stay_in_the_loop(bert: Setting, tmp_path):
    assert prefix_inputs(bert.encoder, bert.prepared, 1, "fp32", VectorCache(tmp_path, budget_bytes=1000)) is None
    assert not list(tmp_path.glob("*.npy"))


def test_an_encoder_that_cannot_be_split_has_no_prefix():
    assert frozen_layers(LAST, ToyEncoder()) is None
