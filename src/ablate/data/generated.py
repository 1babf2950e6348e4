"""A generated corpus as a data set, its truth with it."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from ablate.data.dataset import SPLITS, Dataset
from ablate.data.labels import Labels
from ablate.data.truth import Oracle
from ablate.synthesis.chunks import SPLITS as SPLITS_OF_CORPUS
from ablate.synthesis.generate import Generated
from ablate.synthesis.learner import Learner
from ablate.synthesis.tokens import Tokens

BATCH = 512


def dataset(name: str, made: Generated) -> Dataset:
    """Labels by name, as in every data set; documents drawn given a label follow the others, in a split of their own.

    A label always has its training positives, so none is left out.
    """
    order = np.array(sorted(range(len(made.names)), key=lambda column: made.names[column]))
    place = np.argsort(order)  # of each label of the corpus among those of the data set
    tail = made.tail
    indptr = np.concatenate([made.labels.indptr, made.labels.indptr[-1] + tail.labels.indptr[1:]])
    labels = Labels(indptr, np.concatenate([made.labels.indices, tail.labels.indices]), made.labels.width).keep(order)
    split = np.concatenate([made.split, np.full(len(tail.texts), len(SPLITS), np.int8)])
    names = tuple(made.names[column] for column in order)
    return Dataset(
        name, [*made.texts, *tail.texts], labels, names, split, made.sha256, oracle=_oracle(made, order, place)
    )


def _oracle(made: Generated, order: NDArray[np.int64], place: NDArray[np.int64]) -> Oracle:
    @lru_cache(maxsize=1)
    def learner() -> Learner:
        train = np.flatnonzero(made.split == 0)
        ends = made.labels.indptr[: len(train) + 1]
        labels = type(made.labels)(ends, made.labels.indices[: ends[-1]], made.labels.width)
        return Learner(made.world, made.tokens("train"), labels)

    def posterior(split: str) -> NDArray[np.float32]:
        exact = made.factory.posterior(SPLITS_OF_CORPUS.index(split))
        return _dense(exact.dense, made.tokens(split))[:, order]

    return Oracle(
        posterior, lambda split: _dense(learner().dense, made.tokens(split))[:, order], place[made.tail.label]
    )


def _dense(of_batch: Callable[[Tokens], NDArray[np.float64]], tokens: Tokens) -> NDArray[np.float32]:
    """All probabilities, also the small ones that a posterior on disk leaves out, a batch at a time."""
    parts = (tokens.part(start, start + BATCH) for start in range(0, len(tokens), BATCH))
    return np.concatenate([of_batch(part).astype(np.float32) for part in parts])
