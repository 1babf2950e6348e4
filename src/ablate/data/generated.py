"""A generated corpus as a data set, its truth with it."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from ablate.data.dataset import SPLITS, TAIL, Dataset
from ablate.data.labels import Labels
from ablate.data.truth import Oracle
from ablate.synthesis.chunks import SPLITS as SPLITS_OF_CORPUS
from ablate.synthesis.generate import Generated
from ablate.synthesis.learner import Learner
from ablate.synthesis.tokens import Tokens

BATCH = 512


def dataset(name: str, made: Generated) -> Dataset:
    """Labels by name, as in every data set; documents drawn given a label follow the others, in a split of their own.

    A label all of whose training positives an annotator missed cannot be learnt and is left out.
    """
    order = columns(made)
    tail, kept = made.tail, np.isin(made.tail.label, order)
    drawn = Labels(tail.labels.indptr, tail.labels.indices, made.labels.width).take(np.flatnonzero(kept))
    indptr = np.concatenate([made.labels.indptr, made.labels.indptr[-1] + drawn.indptr[1:]])
    labels = Labels(indptr, np.concatenate([made.labels.indices, drawn.indices]), made.labels.width).keep(order)
    split = np.concatenate([made.split, np.full(len(drawn), len(SPLITS), np.int8)])
    names = tuple(made.names[column] for column in order)
    untrained = tuple(sorted(set(made.names) - set(names)))
    texts = [*made.texts, *(text for text, there in zip(tail.texts, kept, strict=True) if there)]
    return Dataset(name, texts, labels, names, split, made.sha256, 0, untrained, oracle=_oracle(made, order, kept))


def columns(made: Generated) -> NDArray[np.int64]:
    """The corpus's number of each label of the data set, by name, [L]."""
    train = Labels(made.labels.indptr, made.labels.indices, made.labels.width).take(np.flatnonzero(made.split == 0))
    seen = np.flatnonzero(train.counts()).tolist()
    return np.array(sorted(seen, key=lambda column: made.names[column]), np.int64)


def _oracle(made: Generated, order: NDArray[np.int64], kept: NDArray[np.bool_]) -> Oracle:
    place = np.full(made.labels.width, -1, np.int64)
    place[order] = np.arange(len(order))

    def of_split(split: str, of_batch: Callable[[Tokens], NDArray[np.float64]]) -> NDArray[np.float32]:
        found = _dense(of_batch, made.tokens(split), order)
        return found[kept] if split == TAIL else found

    @lru_cache(maxsize=1)
    def learner() -> Learner:
        train = int(np.count_nonzero(made.split == 0))
        ends = made.labels.indptr[: train + 1]
        labels = type(made.labels)(ends, made.labels.indices[: ends[-1]], made.labels.width)
        return Learner(made.world, made.tokens("train"), labels)

    return Oracle(
        lambda split: of_split(split, made.factory.posterior(SPLITS_OF_CORPUS.index(split)).dense),
        lambda split: of_split(split, learner().dense),
        place[made.tail.label[kept]],
    )


def _dense(
    of_batch: Callable[[Tokens], NDArray[np.float64]], tokens: Tokens, order: NDArray[np.int64]
) -> NDArray[np.float32]:
    """All probabilities, also the small ones that a posterior on disk leaves out, a batch at a time, [N, L]."""
    found = np.empty((len(tokens), len(order)), np.float32)
    for start in range(0, len(tokens), BATCH):
        found[start : start + BATCH] = of_batch(tokens.part(start, start + BATCH))[:, order]
    return found
