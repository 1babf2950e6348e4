import numpy as np
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression

from ablate.errors import AblateError
from ablate.synthesis.quickstart import LONGEST, Generated, generate, training_counts, words


def dense(corpus: Generated) -> np.ndarray:
    targets = np.zeros((len(corpus.texts), len(corpus.names)), int)
    for row, labels in enumerate(corpus.labels):
        targets[row, labels] = 1
    return targets


@pytest.fixture(scope="module")
def corpus() -> Generated:
    return generate("quickstart")


def test_training_counts_are_exact_and_log_uniform(corpus: Generated) -> None:
    counts = np.sort(dense(corpus)[corpus.split == 0].sum(0))
    assert np.array_equal(counts, training_counts(5000))
    assert (counts[0], counts[-1]) == (5, 600)  # 12 % of 5,000
    steps = np.diff(np.log(np.geomspace(5, 600, 64)))
    assert np.allclose(np.log(counts), np.log(5) + steps[0] * np.arange(64), atol=0.1)  # rounding of the rarest


def test_shapes_names_and_splits(corpus: Generated) -> None:
    assert len(corpus.texts) == len(corpus.labels) == len(corpus.split) == 8000
    assert np.bincount(corpus.split).tolist() == [5000, 1250, 1750]
    assert corpus.split.dtype == np.int8
    assert len(set(corpus.names)) == 64
    assert all(labels == sorted(set(labels)) for labels in corpus.labels)
    assert [] in [corpus.labels[row] for row in np.flatnonzero(corpus.split == 2)]


def test_other_splits_have_the_frequencies_of_training(corpus: Generated) -> None:
    targets = dense(corpus)
    share = targets[corpus.split == 0].mean(0)
    for split in (1, 2):
        rows = targets[corpus.split == split]
        deviation = (rows.sum(0) - len(rows) * share) / np.sqrt(len(rows) * share * (1 - share))
        assert abs(deviation.mean()) < 4 / 8  # 4 standard errors over 64 labels
        assert np.abs(deviation).max() < 6


def test_the_same_arguments_give_the_same_bytes(corpus: Generated) -> None:
    again = generate("quickstart", 8000)
    assert again.sha256 == corpus.sha256
    assert again.texts == corpus.texts
    assert generate("quickstart", 1000).sha256 != corpus.sha256


def test_every_word_is_in_the_list_and_no_text_is_too_long(corpus: Generated) -> None:
    known = set(words())
    assert len(known) == len(words()) >= 3000
    assert all(word.isascii() and word.isalpha() and word.islower() and len(word) >= 4 for word in known)
    lengths = [len(text.split()) for text in corpus.texts]
    assert max(lengths) <= LONGEST
    assert min(lengths) >= 4
    assert 22 < np.mean(lengths) < 27
    assert {word for text in corpus.texts for word in text.split()} <= known


@pytest.mark.parametrize("documents", [400, 2000, 20_000])
def test_another_size_keeps_exact_counts_and_the_tail(documents: int) -> None:
    corpus = generate("quickstart", documents)
    counts = np.sort(dense(corpus)[corpus.split == 0].sum(0))
    assert len(corpus.texts) == documents
    assert np.array_equal(counts, training_counts(round(0.625 * documents)))
    assert counts[0] == 5


def test_keywords_carry_the_evidence(corpus: Generated) -> None:
    targets, train, test = dense(corpus), corpus.split == 0, corpus.split == 2
    texts = np.array(corpus.texts, dtype=object)
    reader = TfidfVectorizer(sublinear_tf=True)
    features, unseen = reader.fit_transform(texts[train]), reader.transform(texts[test])
    frequent = np.argsort(-targets[train].sum(0))[:8]
    for label in frequent:
        model = LogisticRegression(C=100, solver="liblinear").fit(features, targets[train, label])
        found = model.predict(unseen) == 1
        # the prior alone never calls a label of 12 % and less at 0.5
        assert (found & (targets[test, label] == 1)).sum() / targets[test, label].sum() > 0.6
        assert corpus.names[label] in reader.vocabulary_


@pytest.mark.parametrize(
    ("preset", "documents", "message"),
    [
        ("quickstat", None, "synthetic:quickstat: no such preset; did you mean 'quickstart'"),
        ("other", None, "no such preset; give one of quickstart"),
        ("quickstart", 10, "10 documents are too few; give 400 or more"),
    ],
)
def test_what_cannot_be_generated_is_one_line(preset: str, documents: int | None, message: str) -> None:
    with pytest.raises(AblateError, match=message):
        generate(preset, documents)
