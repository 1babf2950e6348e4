"""What is the baseline on paper is the baseline through a whole run."""

import dataclasses

import numpy as np
import pytest
import torch
from toy_run import parameters, train

from ablate.catalog import BASELINE, STRATEGIES
from ablate.objective import known_shift, objective
from ablate.strategy import Strategy
from ablate.train.evaluate import score

#: Strategies all of whose parts have a value at which they are neutral.
EXACT = [s.name for s in STRATEGIES if s.changed and all(part.baseline_at for part in s.changed.values())]
STEPS = 30


def named(name):
    return next(strategy for strategy in STRATEGIES if strategy.name == name)


def corrected_scores(strategy: Strategy, setting):
    """Validation scores after a run, less the shift that the objective is known to cause, [M, L]."""
    stats, labels = setting.prepared.stats(), setting.prepared.labels["train"]
    goal = objective(strategy.loss, strategy.weighting, strategy.shift, strategy.sampler, labels, stats)
    rows = setting.prepared.rows["validation"]
    scores = score(train(strategy, setting).model, setting.inputs, rows, strategy.loss, setting)
    return scores - known_shift(goal, stats).numpy()


@pytest.fixture(scope="module")
def baseline(setting):
    return parameters(train(BASELINE, setting.with_budget(STEPS)).model)


@pytest.mark.parametrize("name", EXACT)
def test_a_run_at_the_neutral_value_ends_where_the_baseline_ends(name, setting, baseline):
    strategy = named(name)
    parts = {factor: dataclasses.replace(part, **part.baseline_at) for factor, part in strategy.changed.items()}
    ended = parameters(train(strategy.replace(**parts), setting.with_budget(STEPS)).model)
    torch.testing.assert_close(ended, baseline, rtol=0, atol=1e-3)


def test_logit_adjustment_with_a_free_bias_gives_the_corrected_scores_of_the_baseline(setting):
    adjusted, plain = (corrected_scores(strategy, setting) for strategy in (named("logit-adjusted"), BASELINE))
    assert np.abs(adjusted - plain).max() <= 0.002
    assert plain.std() > 1


def test_a_weight_that_is_no_identity_does_not(setting):
    weighted, plain = (corrected_scores(strategy, setting) for strategy in (named("pos-weight-sqrt"), BASELINE))
    assert np.abs(weighted - plain).max() > 0.1


def test_known_shifts_put_samplers_and_weights_back_on_the_scale_of_the_baseline(setting):
    # before any training a score is the bias, and its corrected value the logit of the prior whatever the strategy
    expected = setting.prepared.stats().log_odds.numpy()
    stats, labels = setting.prepared.stats(), setting.prepared.labels["train"]
    for name in ("pos-weight-inverse", "pos-weight-sqrt", "repeat-factor", "logit-adjusted"):
        strategy = named(name)
        goal = objective(strategy.loss, strategy.weighting, strategy.shift, strategy.sampler, labels, stats)
        corrected = strategy.bias.start(goal, stats) - known_shift(goal, stats)
        np.testing.assert_allclose(corrected.numpy(), expected, atol=2e-4)
