import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ablate.data.columns import Documents, encode
from ablate.data.labels import Labels
from ablate.data.splits import assign
from ablate.data.strata import affordable, draw, iterative, label_by_label
from ablate.data.units import duplicate_classes, unit_numbers
from ablate.errors import AblateError


def made(texts, lists, split=None, groups=None):
    labels, names = encode(lists)
    given_split = None if split is None else np.asarray(split, np.int8)
    return Documents(texts, labels, names, given_split, None if groups is None else np.asarray(groups, np.int64))


def random_documents(count, width=8, seed=0, **options):
    random = np.random.default_rng(seed)
    chance = 0.5 / np.arange(1, width + 1)
    lists = [[f"label-{c}" for c in np.flatnonzero(random.random(width) < chance)] for _ in range(count)]
    return made([f"text {i}" for i in range(count)], lists, **options)


def shares(split):
    return np.bincount(split, minlength=3) / len(split)


def test_missing_splits_are_a_fifth_each_test_from_all_and_validation_from_the_rest():
    documents = random_documents(2_000)
    result = assign(documents, 0)
    assert shares(result.split) == pytest.approx([0.64, 0.16, 0.2], abs=0.01)
    parts = [documents.labels.take(np.flatnonzero(result.split == part)).counts() for part in range(3)]
    total = documents.labels.counts()
    assert parts[2] == pytest.approx(0.2 * total, abs=3)
    assert parts[1] == pytest.approx(0.16 * total, abs=3)
    assert "iterative stratification" in result.notes[0]


def test_from_fifty_thousand_documents_on_they_are_a_tenth_each_label_by_label():
    documents = random_documents(56_000)
    result = assign(documents, 0)
    assert shares(result.split) == pytest.approx([0.81, 0.09, 0.1], abs=0.001)
    assert "iterative stratification, label by label" in result.notes[0]


def test_the_same_seed_makes_the_same_splits_and_another_seed_others():
    documents = random_documents(500)
    first = assign(documents, 3).split
    assert (assign(documents, 3).split == first).all()
    assert (assign(documents, 4).split != first).any()


def test_the_global_random_state_is_left_alone():
    before = np.random.get_state()[1].copy()
    assign(random_documents(200), 0)
    assert (np.random.get_state()[1] == before).all()


def test_a_given_test_split_stays_and_validation_comes_from_train():
    split = [2 if i % 4 == 0 else 0 for i in range(800)]
    result = assign(random_documents(800, split=split), 0)
    assert ((result.split == 2) == (np.array(split) == 2)).all()
    assert (result.split == 1).sum() == pytest.approx(120, abs=5)


def test_a_given_validation_split_stays_and_test_comes_from_train():
    split = [1 if i % 4 == 0 else 0 for i in range(800)]
    result = assign(random_documents(800, split=split), 0)
    assert ((result.split == 1) == (np.array(split) == 1)).all()
    assert (result.split == 2).sum() == pytest.approx(120, abs=5)


@settings(max_examples=25, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(st.integers(0, 10_000), st.integers(40, 120), st.booleans())
def test_units_never_straddle_and_labels_of_the_tail_stay_in_train(seed, count, grouped):
    random = np.random.default_rng(seed)
    documents = random_documents(count, 12, seed)
    texts = [f"Text  {i}" if random.random() < 0.2 else f"text {i}" for i in random.integers(0, count, count)]
    groups = random.integers(-1, count // 3, count) if grouped else None
    documents = made(texts, [[documents.names[c] for c in row] for row in rows(documents.labels)], groups=groups)
    try:
        result = assign(documents, seed)
    except AblateError as error:
        assert "no " in str(error)  # noqa: PT017
        return
    units = unit_numbers(duplicate_classes(texts), groups)
    for unit in np.unique(units):
        assert len(set(result.split[units == unit])) == 1
    for column in np.flatnonzero(documents.labels.counts() < 3):
        assert (result.split[documents.labels.dense()[:, column] > 0] == 0).all()
    assert all(documents.labels.lengths[result.split == part].any() for part in range(3))


def rows(labels: Labels):
    return [labels.indices[a:b] for a, b in zip(labels.indptr[:-1], labels.indptr[1:], strict=True)]


def test_labels_that_stay_in_train_are_named_up_to_ten():
    lists = [["common"] if i % 2 else ["other"] for i in range(100)]
    for i in range(12):
        lists[i] = [*lists[i], f"rare-{i:02}"]
    notes = " ".join(assign(made([f"t{i}" for i in range(100)], lists), 0).notes)
    assert "rare-00, rare-01" in notes
    assert "rare-09 and 2 more" in notes


def test_copies_across_given_splits_are_kept_in_test_then_validation():
    texts = ["A", "a ", "a", "b", "B", "c", "c", "d", "e", "f"]
    split = [0, 1, 2, 0, 1, 0, 0, 2, 1, 0]
    result = assign(made(texts, [["x"]] * 10, split), 0)
    assert result.split.tolist() == [-1, -1, 2, -1, 1, 0, 0, 2, 1, 0]
    assert result.notes == (
        "2 documents of train left out: copies of evaluation texts",
        "1 documents of validation left out: copies of evaluation texts",
    )


def test_groups_across_given_splits_are_counted():
    documents = made(list("abcdef"), [["x"]] * 6, [0, 2, 0, 1, 1, 2], [0, 0, 1, 1, -1, -1])
    assert assign(documents, 0).notes == ("2 groups straddle the splits that the source gives",)


def test_a_group_larger_than_half_of_a_part_stays_in_train():
    groups = [0] * 60 + list(range(1, 141))
    result = assign(random_documents(200, groups=groups), 0)
    assert set(result.split[:60]) == {0}
    assert (result.split == 2).sum() == pytest.approx(40, abs=3)


@pytest.mark.parametrize(
    ("documents", "words"),
    [
        (made(list("abcdefghi"), [["x"]] * 9), ["no test split possible", "9 documents are fewer than 10", "split"]),
        (made([f"t{i}" for i in range(20)], [["x"]] * 2 + [[]] * 18), ["no test split possible", "label"]),
        (made([f"t{i}" for i in range(20)], [[f"x{i}"] for i in range(20)]), ["no test split possible", "3 positives"]),
        (made([f"t{i}" for i in range(20)], [["x"]] * 20, [1, 2] * 10), ["train split is empty", "split column"]),
        (made(["a", "a", "b"], [["x"]] * 3, [0, 2, 1]), ["train split is empty"]),
        (made(list("abc"), [["x"], ["x"], []], [0, 1, 2]), ["the test split has no document with a label"]),
        (made(list("abc"), [[], ["x"], ["x"]], [0, 1, 2]), ["the train split has no document with a label"]),
    ],
)
def test_splits_that_cannot_be_made_are_refused(documents, words):
    with pytest.raises(AblateError) as caught:
        assign(documents, 0)
    for word in words:
        assert word in str(caught.value)


def zipf(count, width, seed=0):
    """One frequent and perhaps one rarer label per document; every tenth has none."""
    random = np.random.default_rng(seed)
    pairs = np.minimum(random.zipf(1.3, (count, 2)) - 1, width - 1)
    return Labels.from_lists([[] if i % 10 == 0 else row for i, row in enumerate(pairs)], width)


def imbalance(labels, drawn, share):
    """Positives of each label that were drawn, away from its share; the mean of the labels."""
    return np.abs(labels.take(np.flatnonzero(drawn)).counts() - share * labels.counts()).mean()


@pytest.mark.parametrize("share", [0.1, 0.2, 0.5])
def test_label_by_label_keeps_the_share_of_each_label(share):
    labels = zipf(20_000, 300)
    drawn = label_by_label(labels, share, np.random.SeedSequence(1))
    assert drawn.sum() == pytest.approx(share * 20_000, abs=1)
    away = labels.take(np.flatnonzero(drawn)).counts() - share * labels.counts()
    assert np.abs(away).max() < 3  # chance alone would be off by 40 at the most frequent label


def test_label_by_label_is_about_as_balanced_as_unit_by_unit():
    labels = zipf(4_000, 60)
    present = labels.keep(np.flatnonzero(labels.counts()))
    seeds = [np.random.SeedSequence(seed) for seed in range(5)]
    ours, theirs, chance = [], [], []
    for seed in seeds:
        ours.append(imbalance(present, label_by_label(present, 0.2, seed), 0.2))
        theirs.append(imbalance(present, iterative(present, 0.2, seed), 0.2))
        chance.append(imbalance(present, np.random.default_rng(seed).random(len(present)) < 0.2, 0.2))
    assert np.mean(ours) < 2 * np.mean(theirs)
    assert np.mean(ours) < np.mean(chance) / 3


def test_the_same_seed_draws_the_same_units_label_by_label():
    labels = zipf(2_000, 50)
    first, again, other = (label_by_label(labels, 0.1, np.random.SeedSequence(seed)) for seed in (1, 1, 2))
    assert (again == first).all()
    assert (other != first).any()


def test_labels_too_rare_for_a_unit_of_their_own_get_their_share_together():
    # 100 labels of 3 units each: 0.3 of a unit is due to each, 30 to all
    labels = Labels.from_lists([[unit // 3] for unit in range(300)], 100)
    drawn = label_by_label(labels, 0.1, np.random.SeedSequence(0))
    assert drawn.sum() == 30
    assert labels.take(np.flatnonzero(drawn)).counts().max() == 1


def test_units_drawn_for_a_rarer_label_count_for_the_others_they_have():
    # ten units have labels 0 and 1, ten have 1 alone: half of label 0 is 5, so 5 of the other ten remain to draw
    labels = Labels.from_lists([[0, 1]] * 10 + [[1]] * 10, 2)
    drawn = label_by_label(labels, 0.5, np.random.SeedSequence(4))
    assert (drawn[:10].sum(), drawn[10:].sum()) == (5, 5)


def test_a_unit_is_drawn_even_where_the_share_is_less_than_one():
    assert label_by_label(Labels.from_lists([[], [], []], 1), 0.1, np.random.SeedSequence(0)).sum() == 1
    assert draw(Labels.from_lists([[]] * 60_000, 3), 0.1, np.random.SeedSequence(0)).sum() == 6_000


def test_iterative_stratification_is_used_where_it_is_affordable():
    assert affordable(Labels(np.zeros(50_001, np.int64), np.zeros(0, np.int32), 2))
    assert not affordable(Labels(np.zeros(50_002, np.int64), np.zeros(0, np.int32), 2))
    assert not affordable(Labels(np.zeros(50_001, np.int64), np.zeros(0, np.int32), 5_000))
    assert not affordable(Labels(np.zeros(101, np.int64), np.zeros(0, np.int32), 1))


def test_iterative_stratification_draws_the_share():
    drawn = iterative(zipf(400, 10), 0.2, np.random.SeedSequence(0))
    assert drawn.sum() == pytest.approx(80, abs=3)
