"""The figures of docs/metrics.md, computed from its tables."""

import re
from pathlib import Path

import numpy as np
import pytest

from ablate.data.labels import Labels
from ablate.metrics.alarms import Adjustment, budget, top_pairs
from ablate.metrics.counts import Counts
from ablate.metrics.stability import stability
from ablate.results.statistics import Sample, interval

PAGE = (Path(__file__).parents[2] / "docs" / "metrics.md").read_text("utf-8")
NAMES = ["pasta", "wine", "saffron"]


def table(head: str) -> list[list[str]]:
    """The cells below the header line that starts so."""
    lines = PAGE[PAGE.index(head) :].split("\n\n")[0].splitlines()[2:]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


@pytest.fixture(scope="module")
def priors() -> np.ndarray:
    rows = table("| label | training documents")
    assert [row[0] for row in rows] == NAMES
    for _, count, prior, log in rows:
        assert float(prior) == int(count) / 100
        assert float(log) == pytest.approx(np.log(float(prior)), abs=5e-4)
    return np.array([float(row[2]) for row in rows])


@pytest.fixture(scope="module")
def scores() -> np.ndarray:
    return np.array([row[2:] for row in table("| document | true labels")], dtype=np.float32)


@pytest.fixture(scope="module")
def labels() -> Labels:
    true = [[NAMES.index(name) for name in row[1].split(", ")] for row in table("| document | true labels")]
    ends = np.cumsum([0, *map(len, true)])
    return Labels(ends.astype(np.int64), np.concatenate(true).astype(np.int32), len(NAMES))


def told(text: str) -> list[float]:
    """Per cents in the paragraph that holds a text, in their order."""
    paragraph = next(part for part in PAGE.split("\n\n") if text in part)
    return [float(found) for found in re.findall(r"(\d+\.\d) %", paragraph)]


def recalls(pairs, labels) -> list[float]:
    counts = Counts.of_pairs(pairs, labels)
    return [round(100 * counts.macro_recall, 1), round(100 * counts.micro_recall, 1)]


def test_at_half(scores, labels):
    pairs = np.flatnonzero(scores.reshape(-1) > 0)
    assert len(pairs) == 6
    assert recalls(pairs, labels) == told("**Macro recall** averages")


def test_one_cut(scores, labels, priors):
    k = budget(len(labels), float(priors.sum()))
    assert k == 6
    assert recalls(top_pairs(scores, k), labels) == told("**One cut.**")


def test_the_prior_adjusted_cut(scores, labels, priors):
    adjusted = Adjustment(tau=1.0, scale=1.0).apply(scores, priors)
    printed = np.array(
        [row[1:] for row in table("| document | pasta | wine | saffron |\n|---|---|---|---|\n| d1 | 2.2")]
    )
    np.testing.assert_allclose(adjusted, printed.astype(float), atol=6e-4)
    assert recalls(top_pairs(adjusted, 6), labels) == told("The first six are now")


def test_the_dip():
    curve = [float(value) for value in table("| point | 0")[0][1:]]
    found = stability(curve, losses=[], gradient_norms=[])
    assert found["gain"] == pytest.approx(0.60)
    assert f"**worst dip** of {found['worst_dip']:.0%} of the gain" in PAGE.replace("\n", " ").replace(" %", "%")


def test_the_interval():
    differences = np.array([1.0, 3.0, 2.0])
    without_documents = np.repeat(differences[:, None], 200, axis=1)
    found = interval(Sample((0, 1, 2), differences, without_documents))
    assert f"[{found.low:+.1f}, {found.high:+.1f}]" in PAGE
