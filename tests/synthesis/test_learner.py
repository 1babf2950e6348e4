import numpy as np
import pytest
from small_specs import dense, small

from ablate.synthesis.documents import Rows
from ablate.synthesis.generate import Generated, generate
from ablate.synthesis.learner import Learner


def fitted(corpus: Generated) -> Learner:
    train = int((corpus.split == 0).sum())
    labels = Rows(corpus.labels.indptr[: train + 1], corpus.labels.indices[: corpus.labels.indptr[train]], 10)
    return Learner(corpus.world, corpus.tokens("train"), labels)


def loss(told: np.ndarray, true: np.ndarray) -> float:
    told = np.clip(told, 1e-6, 1 - 1e-6)
    return float(-np.where(true > 0, np.log(told), np.log(1 - told)).mean())


@pytest.fixture(scope="module")
def spread() -> dict[str, object]:
    return {"keywords": {"head": 30, "tail": 60}, "blocks": [], "evidence": {"level": 3.0, "spurious": 0.3}}


def test_more_training_documents_bring_the_learner_to_the_oracle(spread):
    gaps = []
    for documents in (400, 20_000):
        corpus = generate(small(**spread, documents={"total": documents, "test": 0.3}))
        tokens, true = corpus.tokens("test"), dense(corpus.labels)[corpus.split == 2]
        oracle = loss(corpus.factory.posterior(2).dense(tokens), true)
        gaps.append(loss(fitted(corpus).dense(tokens), true) - oracle)
    assert gaps[0] > gaps[1] > -0.002  # the oracle is best, up to chance
    assert gaps[1] < gaps[0] / 4


def test_with_every_word_known_it_is_the_exact_posterior():
    # one word for each label and all alike: the training documents leave no doubt about whose it is
    spec = small(
        keywords={"head": 1, "tail": 1, "sd": 0},
        blocks=[{"kind": "siblings", "size": 3}, {"kind": "implied", "size": 2}],
        evidence={"level": 3.0, "spurious": 0.3},
        documents={"total": 20_000},
    )
    corpus = generate(spec)
    tokens = corpus.tokens("test")
    assert np.abs(fitted(corpus).dense(tokens) - corpus.factory.posterior(2).dense(tokens)).max() < 1e-3
