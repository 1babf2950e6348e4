import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from small_specs import brute_force, dense, label_sets, small

from ablate.errors import AblateError
from ablate.synthesis.chunks import TAIL, Factory
from ablate.synthesis.documents import Rows, observed
from ablate.synthesis.generate import generate
from ablate.synthesis.spec import Noise, Spec, make
from ablate.synthesis.words import words

BLOCKS = st.sampled_from(
    [
        {"kind": "siblings", "size": 2, "overlap": 0.5},
        {"kind": "siblings", "size": 4},
        {"kind": "exclusive", "size": 3},
        {"kind": "implied", "size": 3},
        {"kind": "table", "size": 2, "table": [3.0, 1.0, 1.0, 2.0]},
    ]
)


@st.composite
def specs(draw: st.DrawFn) -> Spec:
    laws = st.sampled_from(["loguniform", "lognormal", "zipf"])
    values = {
        "name": "any",
        "seed": draw(st.integers(0, 1000)),
        "labels": draw(st.sampled_from([12, 30])),
        "documents": {"total": draw(st.integers(300, 900)), "tail": draw(st.integers(0, 3))},
        "counts": {"law": draw(laws), "rarest": draw(st.integers(1, 5)), "top": draw(st.floats(0.13, 0.3))},
        "topics": {"number": draw(st.integers(1, 6)), "words": draw(st.floats(0, 3)), "pool": 20},
        "blocks": draw(st.lists(BLOCKS, max_size=3)),
        "length": {"plain": 12, "fewest": 1, "longest": draw(st.integers(80, 120))},
        "evidence": {"level": draw(st.floats(0.5, 3)), "slope": draw(st.floats(-0.2, 0.5))},
        "keywords": {
            "head": draw(st.integers(1, 5)),
            "tail": draw(st.integers(1, 20)),
            "coherence": draw(st.floats(0, 1)),
        },
        "noise": {"missing": draw(st.floats(0, 0.4)), "false": draw(st.floats(0, 0.02))},
    }
    return make(values, "any.toml")


@settings(max_examples=15, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(specs())
def test_any_spec_has_exact_counts_known_words_and_probabilities(spec: Spec) -> None:
    factory = Factory(spec)
    made = {chunk: factory.make(chunk) for chunk in factory.chunks}
    train = sum(one.true.labels.counts() for chunk, one in made.items() if chunk.split == 0)
    assert np.array_equal(train, factory.world.counts)
    for chunk, one in made.items():
        texts = one.texts.to_pylist()
        lengths = [len(text.split()) for text in texts]
        assert len(texts) == chunk.size
        assert max(lengths) <= spec.length.longest
        assert min(lengths) >= 1
        assert {word for text in texts for word in text.split()} <= set(words())
        told = factory.posterior(chunk.split).dense(one.tokens)
        assert told.min() >= 0
        assert told.max() <= 1
        if spec.labels == 12 and chunk.size:
            eta = (told[:1] - spec.noise.false) / (1 - spec.noise.missing - spec.noise.false)
            prior = factory.posterior(chunk.split).prior
            assert np.allclose(eta, brute_force(factory.world, prior, one.tokens.part(0, 1)), atol=1e-9)


def test_blocks_are_what_they_say():
    corpus = generate(small(documents={"total": 4000}))
    true, counts = dense(corpus.labels), corpus.world.counts
    for family in corpus.world.families:
        for members in family.members:
            labels = true[:, members]
            if family.kind == "exclusive":
                assert labels.sum(1).max() == 1
            if family.kind == "implied":
                assert counts[members[0]] == counts[members].max()
                assert (labels[:, 0] >= labels.max(1)).all()
            if family.kind == "siblings":
                both = (labels[:, 0] * labels[:, 1]).mean()
                assert both > 1.5 * labels[:, 0].mean() * labels[:, 1].mean()


def test_a_table_keeps_its_zeros_and_its_odds_ratio():
    # weights of {}, {0}, {1}, {0, 1} are 1, 1, 1, 6: the odds ratio is 6 whatever the counts are
    block = {"kind": "table", "labels": [0, 1], "table": [1, 1, 1, 6]}
    world = Factory(small(blocks=[block], topics={"number": 2})).world
    ((a, b, c, d),) = (
        table
        for family, table in zip(world.families, world.prior.tables, strict=True)
        for table in table
        if family.kind == "table"
    )
    assert np.allclose(a * d / (b * c), 6)
    never = {"kind": "table", "size": 3, "table": [1, 1, 1, 0, 1, 1, 1, 1]}
    corpus = generate(small(blocks=[never]))
    members = next(family.members[0] for family in corpus.world.families if family.kind == "table")
    patterns = dense(corpus.labels)[:, members] @ [1, 2, 4]
    assert 3 not in patterns


def test_labels_of_one_topic_come_together():
    def excess(concentration: float) -> float:
        spec = small(
            labels=30,
            blocks=[],
            counts={"rarest": 0.1, "top": 0.1},
            documents={"total": 20_000},
            topics={"number": 10, "concentration": concentration},
        )
        true = dense(generate(spec).labels)
        together = true.T @ true / len(true)
        share = true.mean(0)
        return float((together / np.outer(share, share))[np.triu_indices(30, 1)].max())

    assert excess(0.1) > 2
    assert excess(1000.0) < 1.3


def test_other_splits_follow_the_law_of_training():
    corpus = generate(small(documents={"total": 20_000, "validation": 0.3, "test": 0.3}))
    world, true = corpus.world, dense(corpus.labels)
    share = world.prior.of_labels(world) @ world.prior.topics
    assert np.allclose(share, world.counts / (corpus.split == 0).sum(), atol=1e-12)
    sets, given = label_sets(world, world.prior)
    expected = given @ world.prior.topics
    for split in (0, 1, 2):
        seen = true[corpus.split == split] @ (1 << np.arange(10))
        shares = np.bincount(seen, minlength=1024)[sets @ (1 << np.arange(10))] / (corpus.split == split).sum()
        error = np.sqrt(expected * (1 - expected) / (corpus.split == split).sum())
        assert np.abs(shares - expected).max() < 5 * error.max() + 1e-3


def test_tail_documents_carry_the_label_that_they_were_drawn_for_and_follow_the_law_given_it():
    spec = small(documents={"total": 400, "tail": 4000})
    corpus = generate(spec)
    tail, world = corpus.tail, corpus.world
    true = dense(tail.labels)
    assert np.bincount(tail.label).tolist() == [4000] * 10
    assert (true[np.arange(len(true)), tail.label] == 1).all()
    sets, given = label_sets(world, world.prior)
    joint = given @ world.prior.topics
    for label in range(10):
        expected = (joint * sets[:, label]) @ sets / (joint * sets[:, label]).sum()
        seen = true[tail.label == label].mean(0)
        # 4,000 documents: a standard error of .008 at most; 100 comparisons
        assert np.abs(seen - expected).max() < 4.5 * 0.008


def test_tail_documents_are_calibrated_against_the_posterior():
    # Bayes: among documents drawn given c, E[1 / eta_c] = P(c) integral of p(x) / P(c) over where eta_c > 0 = 1 / P(c)
    corpus = generate(
        small(documents={"total": 400, "tail": 4000}, blocks=[], topics={"number": 1}, evidence={"level": 0.7})
    )
    told = corpus.factory.posterior(TAIL).dense(corpus.tokens("tail"))
    share = corpus.world.prior.of_labels(corpus.world)[:, 0]
    for label in range(10):
        inverse = 1 / told[corpus.tail.label == label, label]
        error = inverse.std() / np.sqrt(len(inverse))
        assert abs(inverse.mean() - 1 / share[label]) < 4.5 * error


def test_noise_takes_and_adds_labels_at_its_rates():
    rng = np.random.default_rng(0)
    cells = np.flatnonzero(rng.random(100_000) < 0.1)
    labels = Rows.of(*np.divmod(cells, 50), 2000, 50)
    seen = dense(observed(labels, Noise(missing=0.3, false=0.05), rng))
    true = dense(labels)
    assert seen[true == 1].mean() == pytest.approx(0.7, abs=4 * np.sqrt(0.21 / 10_000))
    assert seen[true == 0].mean() == pytest.approx(0.05, abs=4 * np.sqrt(0.0475 / 90_000))
    first = np.array([row[0] if row else 0 for row in labels.lists()])
    sure = dense(observed(labels, Noise(missing=0.9), rng, certain=first))
    has = true[np.arange(2000), first] == 1
    assert (sure[np.arange(2000), first] == 1)[has].all()


def test_the_same_arguments_give_the_same_bytes_and_other_sizes_others():
    first, again = generate("quickstart", 1000), generate("quickstart", 1000)
    assert (first.sha256, first.tail.texts) == (again.sha256, again.tail.texts)
    assert generate("quickstart", 1001).sha256 != first.sha256
    assert len(first.texts) == 1000
    assert np.bincount(first.split).tolist() == [625, 156, 219]
    assert first.labels.counts().sum() == len(first.labels.indices)


def test_a_document_that_cannot_fit_is_refused():
    with pytest.raises(AblateError, match="outgrow"):
        Factory(small(length={"plain": 2, "fewest": 1, "most": 20, "longest": 20}, evidence={"level": 4.0}))
