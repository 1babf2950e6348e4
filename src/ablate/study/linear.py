"""The linear control: TF-IDF and one-vs-rest logistic regression (Fan et al. 2008)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from ablate.data.labels import Labels
from ablate.metrics.alarms import budget, choose_tau

#: Values of C tried on validation, and the one that stands where the data are too many to try.
COSTS = (1.0, 4.0, 16.0)
ONE_COST = 1.0
TUNED_UP_TO = 20_000
MOST_DOCUMENTS = 100_000


class TfidfLinear:
    """Fit on training texts; C is chosen by balanced recall at budget on validation up to 20,000 documents."""

    def __init__(self, costs: Sequence[float] = COSTS) -> None:
        self._costs = tuple(costs)
        self.notes: tuple[str, ...] = ()

    def fit(self, texts: Sequence[str], labels: Labels, held_texts: Sequence[str], held: Labels) -> TfidfLinear:
        """Fit on N training documents; ``held_texts`` and ``held`` are the validation split."""
        from sklearn.feature_extraction.text import TfidfVectorizer

        rows = np.sort(np.random.default_rng(0).permutation(len(texts))[:MOST_DOCUMENTS])
        targets = labels.take(rows)
        self._vectorizer = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, min_df=2)
        vectors = self._vectorizer.fit_transform([texts[i] for i in rows])
        self._prior = np.clip(targets.counts() / len(targets), 0.5 / len(targets), 1 - 0.5 / len(targets))
        tuned = len(texts) <= TUNED_UP_TO
        costs = self._costs if tuned else (ONE_COST,)
        fitted = [_one_vs_rest(vectors, targets, cost, self._prior) for cost in costs]
        chosen = 0 if len(fitted) == 1 else int(np.argmax([self._worth(f, held_texts, held) for f in fitted]))
        self._weights, self._bias = fitted[chosen]
        self.notes = (
            f"C = {costs[chosen]:g}, " + (f"best of {len(costs)} on validation" if tuned else "not tuned"),
            *((f"{MOST_DOCUMENTS:,} of {len(texts):,} training documents",) if len(rows) < len(texts) else ()),
        )
        return self

    def scores(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Logits of each label, [M, L]."""
        return _logits(self._vectorizer.transform(texts), self._weights, self._bias)

    def _worth(
        self, fitted: tuple[NDArray[np.float64], NDArray[np.float64]], texts: Sequence[str], labels: Labels
    ) -> float:
        scores = _logits(self._vectorizer.transform(texts), *fitted)
        k = budget(len(labels), float(self._prior.sum()))
        return choose_tau(scores, labels, self._prior, k, 0)[2]


def _one_vs_rest(
    vectors: sparse.csr_matrix, labels: Labels, cost: float, prior: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Weights [L, features] and bias [L] of one logistic regression per label (liblinear, dual, L2)."""
    from sklearn.linear_model import LogisticRegression

    targets = labels.matrix().tocsc()
    weights = np.zeros((labels.width, vectors.shape[1]))
    bias = np.log(prior) - np.log1p(-prior)  # a label without both classes keeps its prior
    for label in range(labels.width):
        truth = np.zeros(len(labels), dtype=np.int8)
        truth[targets.indices[targets.indptr[label] : targets.indptr[label + 1]]] = 1
        if 0 < truth.sum() < len(truth):
            model = LogisticRegression(C=cost, solver="liblinear", dual=True, tol=1e-2, max_iter=1000, random_state=0)
            model.fit(vectors, truth)
            weights[label], bias[label] = model.coef_[0], model.intercept_[0]
    return weights, bias


def _logits(vectors: sparse.csr_matrix, weights: NDArray[np.float64], bias: NDArray[np.float64]) -> NDArray[np.float32]:
    return np.asarray(vectors @ weights.T + bias, dtype=np.float32)
