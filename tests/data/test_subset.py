import numpy as np
import pytest

from ablate.data.labels import Labels
from ablate.data.subset import keep_tail, refuse_few
from ablate.errors import AblateError


def corpus(count=1_000):
    """Label 0 in every other document, labels 1 to 20 in four each, the rest unlabelled."""
    rows = [[0] if i % 2 else [] for i in range(count)]
    for i in range(80):
        rows[i * 11] = [*rows[i * 11], 1 + i // 4]
    return Labels.from_lists(rows, 21), (np.arange(count) % 5 == 0).astype(np.int8) * 2


def test_the_tail_is_kept_whole_where_half_of_the_places_hold_it():
    labels, split = corpus()
    rows = keep_tail(labels, split, 500, 0)
    assert len(rows) == pytest.approx(500, abs=2)
    assert (np.diff(rows) > 0).all()
    assert (labels.take(rows).counts()[1:] == 4).all()
    assert np.bincount(split[rows], minlength=3).tolist() == [400, 0, 100]


def test_the_tail_takes_no_more_than_half_of_the_places():
    labels, split = corpus()
    rows = keep_tail(labels, split, 100, 0)
    assert len(rows) == 100
    # 64 of the tail stand in train, with 80 places, and 16 in test, with 20: 40 and 10 go first, then it is chance
    assert 50 <= labels.take(rows).counts()[1:].sum() < 65


def test_the_same_seed_keeps_the_same_documents():
    labels, split = corpus()
    assert (keep_tail(labels, split, 200, 1) == keep_tail(labels, split, 200, 1)).all()
    assert set(keep_tail(labels, split, 200, 1)) != set(keep_tail(labels, split, 200, 2))


def test_as_many_as_there_are_keeps_all_but_those_left_out():
    labels, split = corpus()
    split[3] = -1
    assert keep_tail(labels, split, 999, 0).tolist() == [i for i in range(1_000) if i != 3]


def test_fewer_than_fifty_are_refused():
    with pytest.raises(AblateError, match="--documents is 49; give 50 or more"):
        refuse_few(49)
    refuse_few(50)
    refuse_few(None)
