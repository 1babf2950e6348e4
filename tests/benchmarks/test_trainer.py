"""Their side does the work that the ratio says."""

from __future__ import annotations

import numpy as np
import pytest
import torch

pytest.importorskip("accelerate", reason="Trainer needs the [bench] extra")

from ablate.components.freezing import LastLayers
from ablate.strategy import Strategy
from benchmarks.ratios import corpus, ours, trainer
from benchmarks.ratios.case import base
from benchmarks.ratios.peak import model_flops
from benchmarks.ratios.trainer import Rows, Way, freeze

BATCH, STEPS = 4, 2


@pytest.fixture(scope="module")
def case():
    return base("bert", torch.device("cpu"), shrink=12)


@pytest.fixture(scope="module")
def data():
    return corpus.dataset(np.array([8, 12, 9, 20, 8, 30, 10, 11]), np.random.default_rng(0), labels=6)


@pytest.fixture(scope="module")
def made(case, data, tmp_path_factory):
    return ours.settings(case, data, tmp_path_factory.mktemp("cache"), STEPS, BATCH, corpus.LONGEST)


def test_both_sides_read_the_same_tokens_and_labels(case, made):
    prepared = made.prepared(case.backbone)
    rows = Rows.of(case, prepared)
    batch = made.of(case.strategy(Strategy("plain"))).inputs.take(prepared.rows["train"])
    assert [len(ids) for ids in rows.table["input_ids"]] == batch.lengths.tolist() == [8, 12, 9, 20, 8, 30, 10, 11]
    assert [token for ids in rows.table["input_ids"] for token in ids] == batch.ids.tolist()
    np.testing.assert_array_equal(np.array(rows.table["labels"]), prepared.labels["train"].dense())


@pytest.mark.filterwarnings("ignore")
def test_both_sides_make_their_steps_and_print_nothing(case, made, capsys):
    rows = Rows.of(case, made.prepared(case.backbone))
    for sampling in ("random", "sequential"):
        assert trainer.step_seconds(rows, Way(sampling=sampling), STEPS, BATCH) > 0
    strategy = case.strategy(Strategy("plain"))
    loop = ours.train(strategy, made.of(strategy))
    assert loop.step == STEPS
    assert bool(torch.isfinite(loop.losses).all())
    assert capsys.readouterr().out == ""


def test_the_same_layers_are_frozen_on_both_sides(case, made):
    strategy = case.strategy(Strategy("last", freezing=LastLayers(1)))
    setting = made.of(strategy)
    assert setting.prefix == case.layers - 1
    theirs = case.classifier(6)
    freeze(theirs, case.layers - 1)
    trained = {name for name, p in theirs.named_parameters() if p.requires_grad}
    assert {name.split(".")[3] for name in trained if "encoder.layer" in name} == {str(case.layers - 1)}
    assert not any("embeddings" in name for name in trained)
    freeze(theirs, case.layers)
    assert {name for name, p in theirs.named_parameters() if p.requires_grad} == {
        "classifier.weight",
        "classifier.bias",
    }


def test_model_flops_leave_the_embeddings_out(case, made):
    strategy = case.strategy(Strategy("plain"))
    # a layer of width 64: 4 x (64 x 64 + 64) attention, 2 x 64 x 256 + 256 + 64 feed-forward, 2 x 2 x 64 norms
    layer = 4 * (64 * 64 + 64) + 2 * 64 * 256 + 256 + 64 + 4 * 64
    pooler, head = 64 * 64 + 64, 64 * 6 + 6
    tokens = 8 + 12 + 9 + 20 + 8 + 30 + 10 + 11
    assert model_flops(strategy, made.of(strategy)) == 6 * (3 * layer + pooler + head) * tokens
