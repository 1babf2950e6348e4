import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from ablate.data.units import duplicate_classes, straddling, unit_numbers


def test_copies_are_equal_up_to_case_spaces_and_normal_form():
    texts = ["Crème  brûlée\n", "creme brulee", "cre\u0300me bru\u0302le\u0301e".upper(), "CRÈME BRÛLÉE", "other"]
    assert duplicate_classes(texts).tolist() == [0, 1, 0, 0, 2]


@settings(deadline=None, derandomize=True)
@given(st.lists(st.sampled_from(["a", "A", " b", "b", "c", "d d", "d  D", "ß", "SS"])))
def test_classes_are_numbered_by_first_sight(texts):
    seen: dict[str, int] = {}
    plain = [" ".join(text.casefold().split()) for text in texts]
    assert duplicate_classes(texts).tolist() == [seen.setdefault(text, len(seen)) for text in plain]


def test_texts_that_share_half_of_a_digest_are_no_copies(monkeypatch):
    digests = {"a": b"1" * 16, "b": b"1" * 8 + b"2" * 8, "c": b"2" * 8 + b"1" * 8, "d": b"1" * 16}
    monkeypatch.setattr("ablate.data.units._digest", digests.__getitem__)
    assert duplicate_classes(["b", "a", "c", "d"]).tolist() == [0, 1, 2, 1]


def slow_units(duplicates, groups):
    """Merge sets until nothing changes."""
    units = list(range(len(duplicates)))
    for _ in units:
        for i in range(len(units)):
            for j in range(i):
                if duplicates[i] == duplicates[j] or (groups[i] == groups[j] >= 0):
                    units[i] = units[j] = min(units[i], units[j])
    return units


@settings(deadline=None, derandomize=True)
@given(st.lists(st.tuples(st.integers(0, 5), st.integers(-1, 4)), min_size=1, max_size=10))
def test_units_join_copies_and_groups_through_any_chain(pairs):
    copies, groups = np.array(pairs).T
    copies = np.unique(copies, return_inverse=True)[1]
    fast, slow = unit_numbers(copies, groups), slow_units(copies, groups)
    for i in range(len(pairs)):
        for j in range(len(pairs)):
            assert (fast[i] == fast[j]) == (slow[i] == slow[j])


def test_without_groups_units_are_the_classes_of_copies():
    copies = np.array([0, 1, 0])
    assert unit_numbers(copies, None) is copies
    assert len(np.unique(unit_numbers(copies, np.array([-1, -1, -1])))) == 2


def test_a_class_in_two_splits_straddles_them():
    classes, split = np.array([0, 0, 1, 1, -1, -1]), np.array([0, 2, 1, 1, 0, 1], np.int8)
    assert straddling(classes, split).tolist() == [True, False]
