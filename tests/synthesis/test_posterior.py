import numpy as np
import pytest
from small_specs import brute_force, dense, small

from ablate.synthesis import hits
from ablate.synthesis import posterior as module
from ablate.synthesis.chunks import Factory
from ablate.synthesis.generate import generate
from ablate.synthesis.posterior import SMALLEST, Eta, Posterior
from ablate.synthesis.tokens import Reader

LONG = {"plain": 15, "longest": 120}
KINDS = {
    "all kinds": {},
    "table": {"blocks": [{"kind": "table", "size": 3, "table": [4, 1, 1, 0, 1, 2, 3, 1]}]},
    "no topics": {"topics": {"number": 1}, "blocks": []},
    "topics without words": {"topics": {"number": 4, "words": 0, "concentration": 0.2}},
    "strong evidence": {"evidence": {"level": 9.0, "spurious": 0.001}, "length": LONG},
}


@pytest.mark.parametrize("tables", KINDS.values(), ids=KINDS)
@pytest.mark.parametrize("split", [0, 1], ids=["train", "validation"])
def test_the_posterior_is_the_sum_over_all_label_sets_and_topics(tables, split):
    factory = Factory(small(**tables))
    chunk = next(chunk for chunk in factory.chunks if chunk.split == split)
    tokens = factory.make(chunk).tokens.part(0, 25)
    posterior = factory.posterior(split)
    assert np.abs(posterior.dense(tokens) - brute_force(factory.world, posterior.prior, tokens)).max() < 1e-9


@pytest.mark.parametrize("codes", [1, hits.CODES], ids=["counts apart", "counts together"])
def test_a_document_has_the_same_posterior_whatever_is_beside_it(codes, monkeypatch):
    monkeypatch.setattr(hits, "CODES", codes)
    factory = Factory(small(evidence={"level": 6.0, "spurious": 0.01}, length=LONG))
    tokens, posterior = factory.make(factory.chunks[0]).tokens, factory.posterior(0)
    alone = np.concatenate([posterior.dense(tokens.part(at, at + 1)) for at in range(len(tokens))])
    assert np.allclose(posterior.dense(tokens), alone, rtol=0, atol=1e-12)


@pytest.mark.parametrize("noise", [{}, {"missing": 0.3, "false": 0.02}], ids=["clean", "noisy"])
def test_what_is_kept_in_single_precision_is_the_dense_posterior(noise, monkeypatch):
    monkeypatch.setattr(module, "BATCH", 50)
    monkeypatch.setattr(module, "ROWS", 7)
    factory = Factory(small(noise=noise, evidence={"level": 6.0, "spurious": 0.01}, length=LONG))
    tokens = factory.make(factory.chunks[0]).tokens
    kept, full = factory.posterior(0).eta(tokens).dense(), factory.posterior(0).dense(tokens)
    assert np.abs(kept - np.where(kept > 0, full, 0)).max() < 1e-6
    assert full[kept == 0].max(initial=0) < SMALLEST + 1e-6
    assert kept[kept > 0].min() > SMALLEST - 1e-9


def test_what_is_read_from_texts_has_the_posterior_of_what_was_written():
    factory = Factory(small())
    made = factory.make(factory.chunks[0])
    read = Reader(factory.world).read(made.texts.to_pylist())
    assert np.array_equal(read.plain, made.tokens.plain)
    written = factory.posterior(1).dense(made.tokens)
    assert np.allclose(factory.posterior(1).dense(read), written, atol=1e-12)


def test_documents_that_ended_early_are_calibrated_too():
    # longest = 40: documents that reach 30 words end at that tick, which about a tenth of them does
    spec = small(length={"plain": 15, "sd": 0.5, "fewest": 2, "most": 40, "longest": 40}, documents={"total": 30_000})
    corpus = generate(spec)
    tokens, eta = corpus.tokens("test"), corpus.eta("test").dense()
    lengths = tokens.plain + np.bincount(tokens.row, minlength=len(tokens))
    ended = (lengths >= 30) & (lengths <= 40)
    assert lengths.max() <= 40
    assert ended.mean() > 0.05
    true, told = dense(corpus.labels)[corpus.split == 2][ended], eta[ended]
    error = np.sqrt((told * (1 - told)).sum())
    assert abs(true.sum() - told.sum()) < 4 * error


@pytest.mark.parametrize("noise", [{}, {"missing": 0.3, "false": 0.02}], ids=["clean", "noisy"])
@pytest.mark.parametrize("split", ["train", "test"])
def test_it_is_calibrated_in_deciles(noise, split):
    corpus = generate(small(documents={"total": 40_000, "test": 0.4}, noise=noise))
    true = dense(corpus.labels)[corpus.split == ("train", "validation", "test").index(split)]
    told = corpus.factory.posterior(0 if split == "train" else 2).dense(corpus.tokens(split))
    for low in np.arange(0, 1, 0.1):
        inside = (told > low) & (told <= low + 0.1)
        error = np.sqrt((told[inside] * (1 - told[inside])).sum())
        # documents are independent, labels of one document are not: 5 standard errors of independent ones
        assert abs(true[inside].sum() - told[inside].sum()) <= 5 * error + 1e-9, low


def test_noise_moves_it_as_computed():
    clean, noisy = Factory(small()), Factory(small(noise={"missing": 0.25, "false": 0.1}))
    tokens = clean.make(clean.chunks[0]).tokens
    eta = clean.posterior(1).dense(tokens)
    # P(written) = .75 eta + .1 (1 - eta)
    assert np.allclose(noisy.posterior(1).dense(tokens), 0.1 + 0.65 * eta, atol=1e-12)


def test_exposure_counts_against_labels_whose_words_are_missing():
    factory = Factory(small())
    made = factory.make(factory.chunks[0]).tokens
    silent = made.row == -1  # no word of meaning at all
    posterior = Posterior(factory.world)
    tokens = type(made)(np.array([2, 8, 20]), made.row[silent], made.word[silent])
    eta = posterior.dense(tokens)
    own = factory.world.families[0].members.ravel()[:1] if not factory.world.pool.size else np.arange(10)
    assert (np.diff(eta[:, own].sum(1)) < 0).all()


def test_sparse_rows_keep_what_is_above_the_smallest():
    full = np.array([[0.5, SMALLEST / 2, 0.0], [0.0, 0.0, 0.0], [SMALLEST * 2, 0.0, 1.0]])
    eta = Eta.of([full[:2], full[2:]], 3)
    assert eta.indptr.tolist() == [0, 1, 1, 3]
    assert eta.indices.tolist() == [0, 0, 2]
    assert np.allclose(eta.dense(), np.where(full > SMALLEST, full, 0))
