import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ablate.data.labels import Labels
from ablate.data.tokens import TokenStore

lists = st.lists(st.sets(st.integers(0, 5)), min_size=1, max_size=8)


def rows(labels: Labels) -> list[list[int]]:
    return [labels.indices[a:b].tolist() for a, b in zip(labels.indptr[:-1], labels.indptr[1:], strict=True)]


@settings(deadline=None)
@given(lists, st.data())
def test_documents_are_taken_in_the_order_asked_for_repeats_allowed(documents, data):
    chosen = data.draw(st.lists(st.integers(-len(documents), len(documents) - 1)))
    taken = Labels.from_lists([sorted(row) for row in documents], 6).take(np.array(chosen, np.int64))
    assert rows(taken) == [sorted(documents[i]) for i in chosen]


@settings(deadline=None)
@given(lists, st.permutations(range(6)), st.integers(1, 6))
def test_kept_columns_are_renumbered_in_the_order_given(documents, order, count):
    kept = order[:count]
    found = Labels.from_lists([sorted(row) for row in documents], 6).keep(np.array(kept))
    assert rows(found) == [sorted(kept.index(column) for column in row if column in kept) for row in documents]
    assert found.width == count
    assert (found.indptr.dtype, found.indices.dtype) == (np.int64, np.int32)


@pytest.fixture
def million() -> np.ndarray:
    """Where each of a million documents with two entries begins, and the end, 8 MB."""
    return np.arange(1_000_001, dtype=np.int64) * 2


def allocated(work) -> int:
    """Most bytes that a piece of work holds at once."""
    work()
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_labels_of_a_batch_are_found_without_looking_at_all_documents(million):
    labels = Labels(million, np.zeros(2_000_000, np.int32), 485)
    batch = np.array([999_999, 5, 5, 70_000])
    # anything computed for each of a million documents would hold 1 MB or more
    assert allocated(lambda: labels.take(batch)) < 10_000


def test_tokens_of_a_batch_are_found_without_looking_at_all_documents(million):
    store = TokenStore(np.zeros(2_000_000, np.int32), million)
    batch = np.array([999_999, 5, 5, 70_000])
    assert allocated(lambda: store.take(batch, 128, (1,), (2,))) < 10_000
    assert allocated(lambda: store.lengths[batch]) < 10_000
    assert store.lengths[batch].tolist() == [2, 2, 2, 2]
    with pytest.raises(ValueError, match="read-only"):
        store.lengths[0] = 1
