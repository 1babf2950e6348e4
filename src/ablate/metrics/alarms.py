"""Which pairs raise an alarm when every model may raise the same number of them.

A *pair* is one document and one label; its flat index is ``document * labels + label``. Scores are logits or
anything else that ranks pairs, float32 [M, L].
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ablate.data.labels import Labels

Scores = NDArray[np.float32]

TAUS: NDArray[np.float64] = np.round(np.arange(-20, 61) * 0.05, 2)
"""Strengths of the prior adjustment that are tried: -1 to 3 by .05."""

BLOCK = 9  # neighbouring strengths that share one pass over all pairs


def budget(documents: int, alarms_per_document: float) -> int:
    """Alarms that a model may raise on this many documents, at least one."""
    return max(1, round(alarms_per_document * documents))


def top_pairs(scores: Scores, k: int, seed: int = 0) -> NDArray[np.int64]:
    """Flat indices of exactly ``k`` highest-scoring pairs, ascending; ties at the cut are drawn at random.

    ``k`` above the number of pairs means all of them.
    """
    flat = scores.ravel()
    k = min(k, flat.size)
    cut = np.partition(flat, flat.size - k)[flat.size - k]
    above, tied = np.flatnonzero(flat > cut), np.flatnonzero(flat == cut)
    room = k - len(above)
    if room < len(tied):
        tied = np.random.default_rng(seed).choice(tied, room, replace=False, shuffle=False)
    return np.sort(np.concatenate([above, tied])).astype(np.int64)


def encode(pairs: NDArray[np.int64], size: int) -> NDArray[np.uint32] | NDArray[np.uint64]:
    """Sorted flat indices below ``size`` as differences, which compress well: uint32, or uint64 from 2**32 pairs on."""
    steps = np.diff(pairs, prepend=0)
    return steps.astype(np.uint32) if size <= 2**32 else steps.astype(np.uint64)


def decode(steps: NDArray[np.unsignedinteger]) -> NDArray[np.int64]:
    """The flat indices that :func:`encode` took."""
    return np.cumsum(steps.astype(np.int64))


@dataclass(frozen=True)
class Adjustment:
    """Prior adjustment: ranks pairs by z - tau * scale * log(prior) (Menon et al., 2021, with a scale).

    ``scale`` is sd(z) / sd(log prior) on validation, so that multiplying z by a constant changes no ranking.
    """

    tau: float
    scale: float

    def offsets(self, prior: NDArray[np.float64]) -> Scores:
        """What is taken off each label's scores, float32 [L]."""
        return (self.tau * self.scale * np.log(prior)).astype(np.float32)

    def apply(self, scores: Scores, prior: NDArray[np.float64]) -> Scores:
        """Adjusted scores, float32 [M, L]; the scores themselves where nothing is adjusted."""
        if self.tau == 0 or self.scale == 0:
            return scores
        adjusted: Scores = scores - self.offsets(prior)
        return adjusted


def scale_of(scores: Scores, prior: NDArray[np.float64]) -> float:
    """sd(z) / sd(log prior); 0 where all labels are equally frequent."""
    if not np.all(prior > 0):
        raise ValueError("every label needs a prior above 0; leave labels without a training positive out")
    spread = float(np.std(np.log(prior)))
    return float(np.std(scores, dtype=np.float64)) / spread if spread > 1e-12 else 0.0


def choose_tau(
    scores: Scores, labels: Labels, prior: NDArray[np.float64], k: int, seed: int = 0
) -> tuple[float, float, float]:
    """Strength, scale and balanced recall of the adjustment that is best on validation.

    *Balanced recall* is the mean of macro and micro recall with ``k`` alarms. Among equals the strength nearest to 0
    is taken, of two as near the lower one. Ties at a cut count with their expected share, so that the choice needs no
    random draw; ``seed`` is accepted for symmetry with the other measures and changes nothing.
    """
    scale = scale_of(scores, prior)
    if scale == 0:
        return 0.0, 0.0, _Balance(scores, labels, k).at(scores.ravel(), np.zeros(labels.width, np.float32))
    offsets = np.stack([Adjustment(float(tau), scale).offsets(prior) for tau in TAUS])
    balance = _Balance(scores, labels, k)
    found = [r for start in range(0, len(TAUS), BLOCK) for r in _block(balance, scores, offsets[start : start + BLOCK])]
    best = max(range(len(TAUS)), key=lambda i: (round(found[i], 12), -abs(TAUS[i]), -TAUS[i]))
    return float(TAUS[best]), scale, found[best]


class _Balance:
    """Balanced recall of a set of candidate pairs, counted at the positive pairs only."""

    def __init__(self, scores: Scores, labels: Labels, k: int) -> None:
        self.k = min(k, scores.size)
        self.columns = labels.indices
        self.positive = scores[labels.rows, labels.indices]
        self.counts = labels.counts()

    def at(self, candidates: Scores, offsets: Scores) -> float:
        """``candidates`` are adjusted scores that hold at least the ``k`` highest; they are not kept."""
        cut, share = _cut(candidates, self.k)
        adjusted = self.positive - offsets[self.columns]
        hits = (adjusted > cut) + share * (adjusted == cut)
        found = np.bincount(self.columns, weights=hits, minlength=len(self.counts))
        present = self.counts > 0
        if not present.any():
            return 0.0
        return float((found[present] / self.counts[present]).mean() + found.sum() / self.counts.sum()) / 2


def _cut(candidates: Scores, k: int) -> tuple[np.float32, float]:
    """The k-th highest value, and the share of the pairs tied with it that fits in the budget."""
    place = candidates.size - k
    parted = np.partition(candidates, place)
    cut = parted[place]
    above = int(np.count_nonzero(parted[place:] > cut))
    tied = k - above + int(np.count_nonzero(parted[:place] == cut))
    return cut, (k - above) / tied


def _block(balance: _Balance, scores: Scores, offsets: Scores) -> list[float]:
    """Balanced recall for neighbouring strengths, from the few pairs that any of them can reach.

    An adjusted score is monotone in tau (rounded or not), so it lies between its values at both ends of the block:
    the k-th highest lower end bounds every cut in the block from below, and a pair whose upper end stays under that
    bound cannot be chosen.
    """
    ends = offsets[[0, -1]]
    lower = (scores - ends.max(axis=0)).ravel()
    place = lower.size - balance.k
    lower.partition(place)
    reach = np.flatnonzero(scores - ends.min(axis=0) >= lower[place])
    values, columns = scores.ravel()[reach], reach % scores.shape[1]
    return [balance.at(values - row[columns], row) for row in offsets]
