"""Which pairs raise an alarm when every model may raise the same number of them.

A *pair* is one document and one label; its flat index is ``document * labels + label``. Scores are logits or
anything else that ranks pairs, float32 [M, L].
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ablate.data.labels import Labels
from ablate.metrics.cuts import Cut, Scores, blocks, cut_of, cuts_of, reaching

TAUS: NDArray[np.float64] = np.round(np.arange(-20, 61) * 0.05, 2)
"""Strengths of the prior adjustment that are tried: -1 to 3 by .05."""

TOGETHER = 9  # neighbouring strengths that share one pass over all pairs
AT_ONCE = 2**22  # scores that are held in float64 at once


def budget(documents: int, alarms_per_document: float) -> int:
    """Alarms that a model may raise on this many documents, at least one."""
    return max(1, round(alarms_per_document * documents))


def top_pairs(scores: Scores, k: int, seed: int = 0) -> NDArray[np.int64]:
    """Flat indices of exactly ``k`` highest-scoring pairs, ascending; ties at the cut are drawn at random.

    ``k`` above the number of pairs means all of them.
    """
    return alarm_sets(scores, [k], seed)[0]


def alarm_sets(
    scores: Scores, budgets: Sequence[int], seed: int = 0, offsets: Scores | None = None
) -> list[NDArray[np.int64]]:
    """What :func:`top_pairs` gives for each of several budgets, ``offsets`` [L] taken off the scores first.

    The scores are read twice, whatever the number of budgets: to find the cut of the largest one, then to collect
    the pairs above it. Memory goes with that budget, not with the number of pairs.
    """
    sizes = [max(0, min(k, scores.size)) for k in budgets]
    if max(sizes, default=0) == 0:
        return [np.zeros(0, np.int64) for _ in sizes]
    lowest = cut_of(scores, max(sizes), offsets)
    above = lowest.above()
    drawn = [_some(lowest.tied, k - len(above), seed) if k > len(above) else None for k in sizes]
    wanted = np.unique(np.concatenate([np.zeros(0, np.int64), *(part for part in drawn if part is not None)]))
    pairs, values, tied = _collect(scores, lowest.floor, offsets, wanted)
    return [
        _smaller(pairs, values, k, seed)
        if part is None
        else np.sort(np.concatenate([pairs, tied[np.searchsorted(wanted, part)]]))
        for k, part in zip(sizes, drawn, strict=True)
    ]


def _some(count: int, room: int, seed: int) -> NDArray[np.int64]:
    """``room`` of the numbers below ``count``, ascending, at random."""
    if room == count:
        return np.arange(count)
    return np.sort(np.random.default_rng(seed).choice(count, room, replace=False, shuffle=False))


def _smaller(pairs: NDArray[np.int64], values: Scores, k: int, seed: int) -> NDArray[np.int64]:
    """The ``k`` highest of the pairs that were collected; all that tie with the last are among these."""
    if k == 0:
        return np.zeros(0, np.int64)
    cut = np.partition(values, len(values) - k)[len(values) - k]
    above, tied = pairs[values > cut], pairs[values == cut]
    return np.sort(np.concatenate([above, tied[_some(len(tied), k - len(above), seed)]]))


def _collect(
    scores: Scores, floor: np.float32, offsets: Scores | None, numbers: NDArray[np.int64]
) -> tuple[NDArray[np.int64], Scores, NDArray[np.int64]]:
    """Pairs above ``floor`` and their values; then, of the pairs at ``floor``, those with the given numbers."""
    pairs, values, tied, seen = [], [], [], 0
    for start, block in blocks(scores):
        place, reached = reaching(block, floor, offsets)
        place += start * scores.shape[1]
        equal = reached == floor
        pairs.append(place[~equal])
        values.append(reached[~equal])
        at_floor = place[equal]
        first, last = np.searchsorted(numbers, [seen, seen + len(at_floor)])
        tied.append(at_floor[numbers[first:last] - seen])
        seen += len(at_floor)
    return np.concatenate(pairs), np.concatenate(values), np.concatenate(tied)


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

    def shift(self, prior: NDArray[np.float64]) -> Scores | None:
        """The offsets, or None where nothing is adjusted."""
        return None if self.tau == 0 or self.scale == 0 else self.offsets(prior)

    def apply(self, scores: Scores, prior: NDArray[np.float64]) -> Scores:
        """Adjusted scores, float32 [M, L]; the scores themselves where nothing is adjusted."""
        offsets = self.shift(prior)
        return scores if offsets is None else scores - offsets


def scale_of(scores: Scores, prior: NDArray[np.float64]) -> float:
    """sd(z) / sd(log prior); 0 where all labels are equally frequent."""
    if not np.all(prior > 0):
        raise ValueError("every label needs a prior above 0; leave labels without a training positive out")
    spread = float(np.std(np.log(prior)))
    return _deviation(scores) / spread if spread > 1e-12 else 0.0


def _deviation(scores: Scores) -> float:
    """Standard deviation of all scores, in float64, from a limited number of them at a time."""
    flat = scores.reshape(-1)
    parts = [flat[start : start + AT_ONCE] for start in range(0, len(flat), AT_ONCE)]
    mean = sum(np.sum(part, dtype=np.float64) for part in parts) / len(flat)
    squares = sum(np.sum(np.square(away, out=away)) for away in (part - mean for part in parts))
    return float(np.sqrt(squares / len(flat)))


def choose_tau(
    scores: Scores, labels: Labels, prior: NDArray[np.float64], k: int, seed: int = 0
) -> tuple[float, float, float]:
    """Strength, scale and balanced recall of the adjustment that is best on validation.

    *Balanced recall* is the mean of macro and micro recall with ``k`` alarms. Among equals the strength nearest to 0
    is taken, of two as near the lower one. Ties at a cut count with their expected share, so that the choice needs no
    random draw; ``seed`` is accepted for symmetry with the other measures and changes nothing.
    """
    scale, balance, k = scale_of(scores, prior), _Balance(scores, labels), min(k, scores.size)
    if scale == 0:
        return 0.0, 0.0, balance.at(cut_of(scores, k), np.zeros(labels.width, np.float32))
    offsets = np.stack([Adjustment(float(tau), scale).offsets(prior) for tau in TAUS])
    found: list[float] = []
    for start in range(0, len(TAUS), TOGETHER):
        part = offsets[start : start + TOGETHER]
        found += [balance.at(cut, row) for cut, row in zip(cuts_of(scores, k, part), part, strict=True)]
    best = max(range(len(TAUS)), key=lambda i: (round(found[i], 12), -abs(TAUS[i]), -TAUS[i]))
    return float(TAUS[best]), scale, found[best]


class _Balance:
    """Balanced recall at a cut, counted at the positive pairs only."""

    def __init__(self, scores: Scores, labels: Labels) -> None:
        self.columns = labels.indices
        self.positive = scores[labels.rows, labels.indices]
        self.counts = labels.counts()

    def at(self, cut: Cut, offsets: Scores) -> float:
        """``cut`` is that of the scores with the offsets [L] taken off."""
        share = (cut.k - len(cut.above())) / cut.tied  # of the pairs tied at the cut, what fits in the budget
        adjusted = self.positive - offsets[self.columns]
        hits = (adjusted > cut.floor) + share * (adjusted == cut.floor)
        found = np.bincount(self.columns, weights=hits, minlength=len(self.counts))
        present = self.counts > 0
        if not present.any():
            return 0.0
        return float((found[present] / self.counts[present]).mean() + found.sum() / self.counts.sum()) / 2
