"""The hot pieces of a run, apart from the tests: ``make bench``."""

import numpy as np
import pytest
import torch

from ablate.catalog import STRATEGIES
from ablate.data.labels import Labels
from ablate.metrics.alarms import choose_tau, top_pairs
from ablate.objective import objective
from ablate.stats import LabelStats
from ablate.train.order import Order

DOCUMENTS, LABELS, BATCH = 20_000, 485, 256


@pytest.fixture(scope="module")
def labels() -> Labels:
    random = np.random.default_rng(0)
    law = np.exp(random.uniform(np.log(5), np.log(0.04 * DOCUMENTS), LABELS)) / DOCUMENTS
    return Labels.from_lists([np.flatnonzero(random.random(LABELS) < law) for _ in range(DOCUMENTS)], LABELS)


@pytest.fixture(scope="module")
def stats(labels) -> LabelStats:
    return LabelStats(torch.from_numpy(labels.counts()).float().clamp(min=1), DOCUMENTS)


@pytest.fixture(scope="module")
def scores() -> np.ndarray:
    return np.random.default_rng(1).standard_normal((2_500, LABELS)).astype(np.float32)


def test_drawing_a_batch(benchmark, labels, stats):
    order = Order(STRATEGIES[0].sampler, labels, stats, np.random.SeedSequence(0))
    benchmark(order.batch, BATCH)


def test_targets_of_a_batch(benchmark, labels):
    rows = np.random.default_rng(2).integers(0, DOCUMENTS, BATCH)
    benchmark(lambda: labels.take(rows).dense())


@pytest.mark.parametrize("strategy", STRATEGIES, ids=lambda strategy: strategy.name)
def test_loss_and_gradient(benchmark, strategy, labels, stats):
    goal = objective(strategy.loss, strategy.weighting, strategy.shift, strategy.sampler, labels, stats)
    targets = torch.from_numpy(labels.take(np.arange(BATCH)).dense())
    logits = torch.randn(BATCH, LABELS, requires_grad=True)
    benchmark(lambda: goal(logits, targets, stats).backward())


def test_alarm_set(benchmark, scores):
    benchmark(top_pairs, scores, 6_000)


def test_strength_of_the_prior_adjustment(benchmark, scores, labels, stats):
    held = labels.take(np.arange(len(scores)))
    benchmark(choose_tau, scores, held, stats.prior.double().numpy(), 6_000)
