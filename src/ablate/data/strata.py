"""Drawing a share of units so that each label keeps its share."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ablate.data.labels import Labels

MOST_ROWS = 50_000
MOST_WORK = 1e11  # rows x labels^2: about a minute of iterative stratification


def draw(labels: Labels, share: float, seed: np.random.SeedSequence) -> NDArray[np.bool_]:
    """Which units are drawn, bool [N]; ``share`` lies in (0, 1) and ``labels`` is N x L.

    Iterative stratification, by the library where that is affordable, else label by label. The same seed draws the same
    units; the global random state is left alone.
    """
    present = labels.keep(np.flatnonzero(labels.counts()))
    return iterative(present, share, seed) if affordable(present) else label_by_label(present, share, seed)


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


def label_by_label(labels: Labels, share: float, seed: np.random.SeedSequence) -> NDArray[np.bool_]:
    """Iterative stratification (Sechidis et al. 2011) of two parts, a label at a time instead of a unit, bool [N].

    The label with the fewest units left comes first; as many of these are drawn, at random, as its share still
    lacks. Two parts alone compete for a unit, so this is what unit after unit would come to. What is lost or gained
    in rounding is passed on to the next label: labels too rare for a unit of their own get their share together.
    Unlabelled units come last and fill up. Time goes with the pairs of unit and label, and the square of the labels.
    """
    random = np.random.default_rng(seed)
    members = labels.matrix(np.int8).tocsc()
    lacking, left = share * labels.counts(), labels.counts()  # still to draw and still to place of each label, [L]
    free, drawn = np.ones(len(labels), bool), np.zeros(len(labels), bool)
    carried = 0.0
    while left.any():
        label = int(np.argmin(np.where(left > 0, left, len(labels) + 1)))
        units = members.indices[members.indptr[label] : members.indptr[label + 1]]
        units = units[free[units]]
        wanted = lacking[label] + carried
        number = min(max(round(wanted), 0), len(units))
        carried = min(max(wanted - number, -0.5), 0.5)
        chosen = random.choice(units, number, replace=False)
        free[units], drawn[chosen] = False, True
        left -= np.bincount(labels.take(units).indices, minlength=labels.width)
        lacking -= np.bincount(labels.take(chosen).indices, minlength=labels.width)
    rest = np.flatnonzero(free)
    missing = round(share * len(labels)) - int(drawn.sum())
    drawn[random.choice(rest, min(max(missing, 0), len(rest)), replace=False)] = True
    drawn[random.integers(len(labels))] |= not drawn.any()  # a part of nothing is no part
    return drawn
