"""Drawing a share of units so that each label keeps its share."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ablate.data.labels import Labels

MOST_ROWS = 50_000
MOST_WORK = 1e11  # rows x labels^2: about a minute of iterative stratification


def draw(labels: Labels, share: float, seed: np.random.SeedSequence) -> NDArray[np.bool_]:
    """Which units are drawn, bool [N]; ``share`` lies in (0, 1) and ``labels`` is N x L.

    Iterative stratification where it is affordable, else strata of the rarest label. The same seed draws the same
    units; the global random state is left alone.
    """
    present = labels.keep(np.flatnonzero(labels.counts()))
    return iterative(present, share, seed) if affordable(present) else rarest_label_strata(present, share, seed)


def affordable(labels: Labels) -> bool:
    """Whether iterative stratification is used; the library also needs two labels and two documents."""
    rows, width = len(labels), labels.width
    return 2 <= rows <= MOST_ROWS and width >= 2 and rows * width**2 <= MOST_WORK


def iterative(labels: Labels, share: float, seed: np.random.SeedSequence) -> NDArray[np.bool_]:
    """Iterative stratification (Sechidis et al. 2011), by the library."""
    from iterstrat.ml_stratifiers import MultilabelStratifiedShuffleSplit  # brings scikit-learn: slow to import

    count = min(len(labels) - 1, max(1, round(share * len(labels))))
    state = np.random.RandomState(np.random.MT19937(seed))
    splitter = MultilabelStratifiedShuffleSplit(n_splits=1, test_size=count, random_state=state)
    dense = labels.matrix().astype(bool).toarray()
    _, rows = next(splitter.split(np.zeros(len(labels)), dense))
    drawn = np.zeros(len(labels), bool)
    drawn[rows] = True
    return drawn


def rarest_label_strata(labels: Labels, share: float, seed: np.random.SeedSequence) -> NDArray[np.bool_]:
    """Each unit belongs to the stratum of its rarest label (unlabelled ones to their own), bool [N].

    Units stand in a row, stratum after stratum and shuffled inside each; every ``1 / share``-th is drawn. So each
    stratum gives its share to within one unit, and all of them together do too.
    """
    random = np.random.default_rng(seed)
    stratum = rarest_labels(labels)
    order = np.lexsort((random.random(len(labels)), stratum))
    steps = np.floor(np.arange(len(labels) + 1) * share + random.random())
    drawn = np.zeros(len(labels), bool)
    drawn[order] = np.diff(steps) > 0
    drawn[order[0]] |= not drawn.any()  # a part of nothing is no part
    return drawn


def rarest_labels(labels: Labels) -> NDArray[np.int64]:
    """Place of each document's rarest label in the order of labels by positives, int64 [N]; L where unlabelled."""
    place = np.empty(labels.width, np.int64)
    place[np.argsort(labels.counts(), kind="stable")] = np.arange(labels.width)
    rarest = np.full(len(labels), labels.width, np.int64)
    labelled = np.flatnonzero(labels.lengths)
    if len(labelled):
        rarest[labelled] = np.minimum.reduceat(place[labels.indices], labels.indptr[:-1][labelled])
    return rarest
