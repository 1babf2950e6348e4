import json

import numpy as np
import pytest

from ablate.data.dataset import Dataset
from ablate.data.describe import describe, lines
from ablate.data.labels import Labels


@pytest.fixture
def dataset():
    # train 0-3, validation 4, test 5-6; positives in train: a 4, b 1, c 1; in test: a 2, b 0, c 1
    labels = Labels.from_lists([[0], [0, 1], [0, 2], [0], [], [0], [0, 2]], 3)
    texts = ["one two", "one", "ONE ", "a b c", "d", "e", "f g"]
    split = np.array([0, 0, 0, 0, 1, 2, 2], np.int8)
    notes = ("a note that goes on " + "and on " * 30,)
    return Dataset("set", texts, labels, ("a", "b", "c"), split, "0" * 64, 0, ("never",), notes)


def test_figures_are_those_of_the_documents(dataset):
    found = describe(dataset, np.array([4, 3, 3, 5, 3, 3, 4]), 4)
    assert (found["documents"], found["labels"]) == (7, 3)
    assert found["cardinality"] == pytest.approx(9 / 7)
    assert found["positives"] == {"min": 1, "25%": 1, "median": 1, "75%": 2.5, "max": 4}
    assert (found["labels_under_10"], found["imbalance_ratio"]) == (3, 4)
    assert found["splits"]["train"] == {"documents": 4, "positives": 6, "labels": 3, "unlabelled": 0}
    assert found["splits"]["validation"] == {"documents": 1, "positives": 0, "labels": 0, "unlabelled": 1}
    assert found["splits"]["test"] == {"documents": 2, "positives": 3, "labels": 2, "unlabelled": 0}
    assert (found["unlabelled"], found["duplicates"]) == (1, 1)
    assert (found["labels_without_test_positive"], found["labels_with_1_or_2_test_positives"]) == (1, 2)
    assert found["truncated"] == pytest.approx(1 / 7)
    assert found["untrained"] == ["never"]
    assert found["words"]["max"] == 3
    json.dumps(found)


def test_without_lengths_nothing_is_said_of_truncation(dataset):
    found = describe(dataset)
    assert found["truncated"] is None
    assert not any(line.startswith("truncated") for line in lines(found))


def test_lines_are_at_most_a_hundred_wide_and_show_no_text(dataset):
    printed = lines(describe(dataset, np.full(7, 9), 8))
    assert max(map(len, printed)) <= 100
    assert "truncated            100.0% of documents, at 8 tokens" in printed
    assert "untrained labels     1: never" in printed
    assert "test                 2 documents, 3 positives, 2 labels" in printed
    assert "a b c" not in "\n".join(printed)
