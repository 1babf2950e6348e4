"""Every built-in strategy trains a small BERT from top to bottom."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import small_settings as small
import torch

from ablate.catalog import STRATEGIES
from ablate.components.freezing import Lora
from ablate.factors import Backbone
from ablate.train.evaluate import score
from ablate.train.features import encode, standardiser
from ablate.train.frozen import wholly_frozen
from ablate.train.inputs import FeatureInputs
from ablate.train.run import run
from ablate.train.setting import Setting

STEPS = 6


@pytest.fixture(scope="module")
def setting(tmp_path_factory: pytest.TempPathFactory) -> Setting:
    made = small.prepared(small.SmallBert(), tmp_path_factory.mktemp("cache"))
    return small.setting(made, steps=STEPS)


@pytest.fixture(scope="module")
def frozen(setting: Setting) -> Setting:
    vectors = encode(setting.encoder, setting.prepared, "fp32")
    return replace(setting, inputs=FeatureInputs(standardiser(vectors).apply(vectors)), frozen=True)


@pytest.mark.parametrize("strategy", STRATEGIES, ids=lambda strategy: strategy.name)
def test_a_run_finishes_with_finite_losses_and_scores(strategy, setting: Setting, frozen: Setting) -> None:
    own = strategy.replace(backbone=Backbone())  # the setting has the encoder of all
    fitting = frozen if wholly_frozen(own, setting.encoder) else setting
    outcome = run(own, fitting, 0, small.go_on, small.ignore)
    assert (outcome.status, outcome.reason) == ("finished", "")
    assert len(outcome.losses) == STEPS
    assert np.isfinite(outcome.losses).all()
    rows = setting.prepared.rows["validation"]
    scores = score(outcome.model, fitting.inputs, rows, outcome.loss, fitting)
    assert scores.shape == (len(rows), small.LABELS)
    assert np.isfinite(scores).all()
    assert scores.std() > 0
    assert outcome.drawn.sum() > 0


def test_adapters_learn_and_the_encoder_stays(setting: Setting) -> None:
    (lora,) = [strategy for strategy in STRATEGIES if isinstance(strategy.freezing, Lora)]
    outcome = run(lora, setting, 0, small.go_on, small.ignore)
    before = dict(setting.encoder.named_parameters())
    assert outcome.model.encoder is not None
    for layer, parameters in outcome.model.encoder.layers():
        assert all(p.requires_grad == layer.adapter for p in parameters)
    after = {name.replace(".base_layer", ""): p for name, p in outcome.model.encoder.inner.named_parameters()}
    kept = [name for name in before if torch.equal(before[name], after[name])]
    assert len(kept) == len(before)
    high = [p for name, p in after.items() if "lora_B" in name]
    assert high
    assert all(p.any() for p in high)  # they start at zero


def test_realised_draws_follow_the_sampler(setting: Setting) -> None:
    named = {strategy.name: strategy for strategy in STRATEGIES}

    def drawn(name: str) -> float:
        counts = run(named[name], setting.with_budget(12), 0, small.go_on, small.ignore).drawn
        return float(counts.min() / counts.max())

    assert drawn("class-aware") > 1.3 * drawn("baseline")
