"""The twin: from numbers of a data set to a spec that is like it."""

from __future__ import annotations

import math

import numpy as np
import pytest
from small_specs import small

from ablate.errors import AblateError
from ablate.synthesis.counts import split_sizes, training_counts
from ablate.synthesis.documents import Rows
from ablate.synthesis.generate import generate
from ablate.synthesis.presets import presets, resolve
from ablate.synthesis.toml import dumps
from ablate.synthesis.twin.dependence import blocks, grouped
from ablate.synthesis.twin.length import room
from ablate.synthesis.twin.make import scaled, sizes_of, twin
from ablate.synthesis.twin.pairs import Pairs, attraction
from ablate.synthesis.twin.seen import Seen, Sizes
from ablate.synthesis.words import words


def rows(lists: list[list[int]], width: int) -> Rows:
    row = np.repeat(np.arange(len(lists)), [len(labels) for labels in lists])
    column = np.array([label for labels in lists for label in labels], np.int64)
    return Rows.of(row, column, len(lists), width)


def seen_of(spec) -> Seen:
    made = generate(spec)
    train = made.split == 0
    labels = rows([labels for labels, kept in zip(made.labels.lists(), train, strict=True) if kept], spec.labels)
    lengths = np.array([len(text.split()) for text, kept in zip(made.texts, train, strict=True) if kept])
    return Seen(labels.counts(), Sizes(*split_sizes(spec)), labels, lengths)


def training_labels(spec) -> Rows:
    return seen_of(spec).labels


@pytest.fixture(scope="module")
def paired() -> Rows:
    """1,000 documents: 0 and 1 never meet, 2 comes with 3 alone, 4 and 5 attract each other, 6 is by itself."""
    groups = (
        [[0]] * 300 + [[1]] * 250,
        [[2, 3]] * 40 + [[3]] * 20,
        [[4, 5]] * 50 + [[4]] * 30 + [[5]] * 15,
        [[6]] * 100,
    )
    rng = np.random.default_rng(3)
    lists: list[list[int]] = [[] for _ in range(1000)]
    for group in groups:  # independent of the others
        for place, labels in zip(rng.permutation(1000), group, strict=False):
            lists[place] = [*lists[place], *labels]
    return rows(lists, 7)


def test_pairs_are_counted_as_a_loop_counts_them():
    rng = np.random.default_rng(1)
    table = rng.random((300, 9)) < rng.random(9) / 2
    pairs = Pairs.of(rows([np.flatnonzero(row).tolist() for row in table], 9))
    first, second = pairs.likely(20.0)
    found = {(int(a), int(b)): (int(n), float(e)) for a, b, n, e in zip(
        first, second, pairs.met(first, second), pairs.expected(first, second), strict=True
    )}  # fmt: skip
    wanted = {}
    for a in range(9):
        for b in range(a + 1, 9):
            expected = table[:, a].sum() * table[:, b].sum() / 300
            if expected >= 20:
                wanted[a, b] = (int((table[:, a] & table[:, b]).sum()), pytest.approx(expected))
    assert 0 < len(wanted) < 36
    assert found == wanted


def test_attraction_is_the_mean_square_of_the_excess_of_the_lift():
    # 100 documents: 0 in 40, 1 in 40, 2 in 10. 0 and 1 meet 24 times where chance makes 16; 2 meets neither, where
    # chance makes 4 each. (24 - 16)^2 / 16 = 4, by 16 + 4 + 4
    lists = [[0, 1]] * 24 + [[0]] * 16 + [[1]] * 16 + [[2]] * 10 + [[]] * 34
    pairs = Pairs.of(rows(lists, 3))
    assert attraction(pairs) == pytest.approx(4 / 24)
    assert attraction(pairs, np.array([True, False, True])) == 0
    assert attraction(pairs, least=10) == pytest.approx(4 / 16)


def test_blocks_are_of_the_kind_that_the_documents_show(paired: Rows):
    grouping = grouped(Pairs.of(paired), variance=float(np.diff(paired.indptr).var()))
    found = {block.labels: block for block in blocks(grouping, paired)}
    assert {labels: block.kind for labels, block in found.items()} == {
        (0, 1): "exclusive",
        (3, 2): "implied",
        (4, 5): "siblings",
    }
    # 4 and 5 together 50, 4 alone 30, 5 alone 15, neither 905: half a document is added to each
    assert found[4, 5].odds == pytest.approx(50.5 * 905.5 / (30.5 * 15.5), rel=1e-3)


def test_three_labels_that_attract_each_other_share_a_table():
    # chance would make 100 * 100 / 1000 = 10 of each pair
    lists = [[0, 1, 2]] * 60 + [[0, 1]] * 20 + [[0]] * 20 + [[1]] * 20 + [[2]] * 40 + [[]] * 840
    labels = rows(lists, 3)
    (block,) = blocks(grouped(Pairs.of(labels), variance=9.0), labels)
    assert (block.kind, block.labels) == ("table", (0, 1, 2))
    # label sets none, 0, 1, 0+1, 2, 0+2, 1+2, all, half a document added, by the largest but the empty one (60.5)
    seen = np.array([840, 20, 20, 20, 40, 0, 0, 60])
    assert np.array(block.table) == pytest.approx((seen + 0.5) / 60.5, rel=1e-3)


def test_the_more_labels_exclude_each_other_the_smaller_the_variance_asked_for():
    rng = np.random.default_rng(0)
    one = rng.choice(12, 4000)
    labels = rows([[int(label)] for label in one], 12)
    pairs = Pairs.of(labels)
    many, few = (grouped(pairs, variance) for variance in (0.0, 0.7))
    assert sum(map(len, many.exclusive)) > sum(map(len, few.exclusive)) > 1


def test_independent_labels_are_in_no_block():
    rng = np.random.default_rng(5)
    table = rng.random((8_000, 120)) < np.geomspace(0.1, 0.002, 120)
    labels = rows([np.flatnonzero(row).tolist() for row in table], 120)
    grouping = grouped(Pairs.of(labels), float(np.diff(labels.indptr).var()))
    assert (grouping.attracted, grouping.exclusive) == ((), ())


@pytest.mark.parametrize("labels", [5, 700])
def test_words_of_documents_have_the_mean_and_deviation_asked_for(labels: int):
    rng = np.random.default_rng(0)
    lengths = np.rint(rng.lognormal(3.0, 0.5, 20_000)).astype(np.int64)
    own = room(lengths, (2.0, 1.0), labels, topical=True)
    heard = own.topics + own.evidence.spurious * labels + own.evidence.level * 2.0
    assert own.length.plain + heard == pytest.approx(lengths.mean(), rel=0.01)
    variance = math.expm1(own.length.sd**2) * lengths.mean() ** 2 + heard + own.evidence.level**2
    assert variance == pytest.approx(lengths.var(), rel=0.02)
    assert heard <= 0.76 * lengths.mean()


def test_the_twin_of_a_synthetic_set_is_like_it():
    spec = small(
        labels=30,
        documents={"total": 6000, "tail": 5},
        counts={"rarest": 40, "top": 0.2},
        topics={"number": 1, "words": 0},
        blocks=[{"kind": "siblings", "size": 2, "number": 6, "odds": 60.0}],
        length={"plain": 20, "sd": 0.4, "fewest": 3, "most": 60, "longest": 120},
    )
    seen = seen_of(spec)
    made = twin(seen)
    other = seen_of(made)
    assert np.array_equal(other.counts, np.sort(seen.counts)[::-1])
    assert split_sizes(made) == split_sizes(spec)
    assert other.words.mean() == pytest.approx(seen.words.mean(), rel=0.05)
    assert other.words.std() == pytest.approx(seen.words.std(), rel=0.15)
    size, twins = np.diff(seen.labels.indptr), np.diff(other.labels.indptr)
    assert twins.mean() == size.mean()
    assert twins.std() == pytest.approx(size.std(), rel=0.1)
    assert attraction(Pairs.of(other.labels)) == pytest.approx(attraction(Pairs.of(seen.labels)), rel=0.35)


def test_the_order_of_labels_changes_nothing(paired: Rows):
    lengths = np.full(1000, 30)
    turned = Rows.of(paired.row, 6 - paired.indices.astype(np.int64), 1000, 7)
    sizes = Sizes(1000, 200, 300)
    one, other = (twin(Seen(labels.counts(), sizes, labels, lengths)) for labels in (paired, turned))
    assert list(one.counts.explicit) == sorted(one.counts.explicit, reverse=True)
    assert one == other


@pytest.mark.parametrize("train", [1, 7, 8, 999, 12_404])
def test_default_splits_leave_exactly_the_training_documents_that_were_counted(train: int):
    sizes = sizes_of(train)
    assert sizes.train == train
    if min(sizes.validation, sizes.test) > 0:
        assert split_sizes(twin(Seen(np.array([1]), sizes))) == (sizes.train, sizes.validation, sizes.test)


def test_a_twin_of_counts_alone_holds_them_and_can_be_scaled():
    spec = twin(Seen(np.array([30, 400, 2]), sizes_of(1000)))
    assert training_counts(spec).tolist() == [400, 30, 2]
    assert (spec.blocks, spec.topics.number) == ((), 1)
    # ten times the documents, and a hundredth of them, where every label keeps one
    assert training_counts(scaled(spec, 10 * spec.documents.total)).tolist() == [4000, 300, 20]
    assert training_counts(scaled(spec, spec.documents.total // 50)).tolist() == [8, 1, 1]


def test_the_spec_reads_back_from_toml_as_it_was(tmp_path, paired: Rows):
    seen = Seen(paired.counts(), Sizes(1000, 200, 300), paired, np.full(1000, 30))
    for number, spec in enumerate([twin(seen), small(), *(resolve(name) for name in presets())]):
        path = tmp_path / f"{number}.toml"
        path.write_text(dumps(spec, "a\ncomment"), encoding="utf-8")
        assert resolve(str(path)) == spec


def test_more_labels_than_words_are_refused():
    with pytest.raises(AblateError, match=r"20,000 labels are too many: the generator has .* words; leave out"):
        twin(Seen(np.full(20_000, 3), sizes_of(50_000)))


def test_many_labels_have_fewer_keywords_each():
    spec = twin(Seen(np.full(4_000, 3), sizes_of(50_000)))
    assert spec.keywords.head * 4_000 <= len(words())
    assert spec.keywords.head >= 2


def test_documents_too_few_to_hold_blocks_and_counts_are_refused(paired: Rows):
    spec = twin(Seen(paired.counts(), Sizes(1000, 200, 300), paired, np.full(1000, 30)))
    with pytest.raises(AblateError, match="no twin of 3 documents"):
        scaled(spec, 3)
