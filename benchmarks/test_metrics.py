"""Metrics, learning-curve points and splits, apart from the tests: ``make bench``."""

import numpy as np
import pytest

from ablate.data.labels import Labels
from ablate.data.strata import label_by_label
from ablate.data.units import duplicate_classes
from ablate.metrics.counts import Counts
from ablate.metrics.measure import examine, point, validate
from ablate.metrics.ranking import average_precision
from benchmarks.ratios.long_tail import long_tailed
from benchmarks.ratios.metrics import drawn_scores

ALARMS = 2.6
SIZES = {"a probe": (5_000, 485), "a test split": (20_000, 485)}


@pytest.fixture(scope="module", params=SIZES)
def measured(request) -> tuple[np.ndarray, Labels, np.ndarray]:
    labels = long_tailed(*SIZES[request.param], ALARMS, 0)
    return drawn_scores(labels, 1), labels, np.maximum(labels.counts(), 0.5) / len(labels)


def test_point_of_a_learning_curve(benchmark, measured):
    scores, labels, _ = measured
    benchmark(point, scores, labels, round(ALARMS * len(labels)))


def test_counting_at_a_fixed_cut(benchmark, measured):
    scores, labels, _ = measured
    benchmark(Counts.of_rule, scores, labels, lambda z: z > 0)


def test_average_precision(benchmark, measured):
    scores, labels, _ = measured
    benchmark(average_precision, scores, labels)


def test_choosing_the_rule_on_validation(benchmark, measured):
    scores, labels, prior = measured
    benchmark.pedantic(validate, (scores, labels, prior, ALARMS), rounds=3)


def test_figures_on_test(benchmark, measured):
    scores, labels, prior = measured
    rule = {"tau": 0.3, "scale": 0.5, "cut": 0.0}
    benchmark.pedantic(examine, (scores, labels, labels.counts(), prior, ALARMS, rule), rounds=3)


@pytest.mark.parametrize("documents", [60_000, 250_000])
def test_stratified_split(benchmark, documents):
    labels = long_tailed(documents, 485, ALARMS, 0)
    benchmark.pedantic(label_by_label, (labels, 0.1, np.random.SeedSequence(0)), rounds=3)


def test_finding_copies(benchmark):
    texts = [f"text number {i % 90_000} of the Benchmark" for i in range(100_000)]
    benchmark.pedantic(duplicate_classes, (texts,), rounds=3)
