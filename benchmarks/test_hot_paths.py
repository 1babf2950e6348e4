"""The hot pieces of a run, apart from the tests: ``make bench`` runs them after the ratios."""

import numpy as np
import pytest
import torch

from ablate.catalog import STRATEGIES
from ablate.components.backbone import Bag
from ablate.data.labels import Labels
from ablate.data.tokens import TokenStore
from ablate.encoders.bag import WordTokenizer
from ablate.metrics.alarms import choose_tau, top_pairs
from ablate.metrics.counts import Counts
from ablate.metrics.ranking import average_precision
from ablate.objective import objective
from ablate.stats import LabelStats
from ablate.train.inputs import TokenInputs
from ablate.train.order import Order
from benchmarks.ratios import corpus

DOCUMENTS, LABELS, BATCH = 20_000, 485, 256
ALARMS = 6_000


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


@pytest.fixture(scope="module")
def tokens() -> TokenInputs:
    random = np.random.default_rng(3)
    lengths = corpus.lengths(DOCUMENTS, random)
    store = TokenStore(
        random.integers(1, 1_000, int(lengths.sum()), dtype=np.int32), np.concatenate([[0], np.cumsum(lengths)])
    )
    return TokenInputs(store, WordTokenizer([]), corpus.LONGEST, torch.device("cpu"))


@pytest.mark.parametrize("strategy", ["baseline", "repeat-factor"])
def test_drawing_a_batch(benchmark, strategy, labels, stats):
    sampler = next(one.sampler for one in STRATEGIES if one.name == strategy)
    order = Order(sampler, labels, stats, np.random.SeedSequence(0))
    benchmark(order.batch, BATCH)


def test_tokens_of_a_batch(benchmark, tokens):
    rows = np.random.default_rng(2).integers(0, DOCUMENTS, BATCH)
    benchmark(tokens.take, rows)


def test_targets_of_a_batch(benchmark, labels):
    rows = np.random.default_rng(2).integers(0, DOCUMENTS, BATCH)
    benchmark(lambda: labels.take(rows).dense())


def test_step_of_a_bag(benchmark, tokens):
    encoder = Bag().build(WordTokenizer([f"w{number}" for number in range(999)]))
    batch = tokens.take(np.arange(BATCH))

    def forward_and_backward() -> None:
        encoder.zero_grad(set_to_none=True)
        encoder.encode_pooled(batch).square().mean().backward()

    benchmark(forward_and_backward)


@pytest.mark.parametrize("strategy", STRATEGIES, ids=lambda strategy: strategy.name)
def test_loss_and_gradient(benchmark, strategy, labels, stats):
    goal = objective(strategy.loss, strategy.weighting, strategy.shift, strategy.sampler, labels, stats)
    targets = torch.from_numpy(labels.take(np.arange(BATCH)).dense())
    logits = torch.randn(BATCH, LABELS, requires_grad=True)
    benchmark(lambda: goal(logits, targets, stats).backward())


def test_alarm_set(benchmark, scores):
    benchmark(top_pairs, scores, ALARMS)


def test_counting_alarms(benchmark, scores, labels):
    pairs, held = top_pairs(scores, ALARMS), labels.take(np.arange(len(scores)))
    benchmark(Counts.of_pairs, pairs, held)


def test_average_precision_of_every_label(benchmark, scores, labels):
    benchmark(average_precision, scores, labels.take(np.arange(len(scores))))


def test_strength_of_the_prior_adjustment(benchmark, scores, labels, stats):
    held = labels.take(np.arange(len(scores)))
    benchmark(choose_tau, scores, held, stats.prior.double().numpy(), ALARMS)
