"""The k-th highest of many scores, found block by block: no second copy, no sort of all pairs.

Scores are read some rows at a time, so that they may lie in a memory-mapped file. Infinite scores rank like others;
NaN is not allowed.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

Scores = NDArray[np.float32]

PAIRS = 2**18  # of a block: what is computed from it stays in the processor's cache
ROUNDING = 2.0**-22  # more than a float32 subtraction can be off, as a share of its result


def blocks(scores: Scores) -> Iterator[tuple[int, Scores]]:
    """Number of the first row, and the rows [rows, L], for consecutive rows of about ``PAIRS`` pairs."""
    rows = max(1, PAIRS // max(1, scores.shape[1]))
    for start in range(0, len(scores), rows):
        yield start, np.asarray(scores[start : start + rows])


class Cut:
    """The ``k``-th highest of values that come in parts, in the room of about 2 k of them.

    ``floor`` is the k-th highest so far, or a lower bound of it; what is below can be left out. It starts at a value
    that k of the values to come are known to reach, or at minus infinity.
    """

    def __init__(self, k: int, floor: np.float32) -> None:
        self.k = k
        self.floor = floor
        self.tied = 0
        self._above: list[Scores] = []
        self._held = 0

    def add(self, values: Scores) -> None:
        """Take more values in: all that are at least ``floor``, and any of the others."""
        self.tied += int(np.count_nonzero(values == self.floor))
        self._above.append(values[values > self.floor])
        self._held += len(self._above[-1])
        if self._held >= self.k + max(self.k, PAIRS // 8):
            self.above()

    def above(self) -> Scores:
        """The values above the k-th highest so far, fewer than k, which is then ``floor``; ``tied`` equal it."""
        values = np.concatenate([np.zeros(0, np.float32), *self._above])
        if self._held >= self.k:
            place = self._held - self.k
            values.partition(place)
            self.floor = values[place]
            self.tied = int(np.count_nonzero(values == self.floor))
            values = values[values > self.floor]
        self._above, self._held = [values], len(values)
        return values


def cut_of(scores: Scores, k: int, offsets: Scores | None = None) -> Cut:
    """The cut at the ``k`` highest scores (1 to all), ``offsets`` [L] taken off first."""
    cut = Cut(k, _start(scores, k, offsets))
    for _, block in blocks(scores):
        cut.add(reaching(block, cut.floor, offsets)[1])
    return cut


def cuts_of(scores: Scores, k: int, offsets: Scores) -> list[Cut]:
    """The same under several sets of offsets, [T, L], in one pass.

    A pair is looked at closely where it can reach the floor under any of them.
    """
    start = _start(scores, k, offsets.max(axis=0))
    cuts = [Cut(k, start) for _ in offsets]
    floors: list[np.float32] = []
    lowest = offsets[0]
    for _, block in blocks(scores):
        if floors != (now := [cut.floor for cut in cuts]):
            floors = now
            lowest = np.min([_lowest(floor, row) for floor, row in zip(floors, offsets, strict=True)], axis=0)
        place = np.flatnonzero(block >= lowest)
        values, columns = block.ravel()[place], place % block.shape[1]
        for cut, row in zip(cuts, offsets, strict=True):
            cut.add(values - row[columns])
    return cuts


def _start(scores: Scores, k: int, offsets: Scores | None) -> np.float32:
    """A value that ``k`` of the first scores reach, the offsets [L] taken off: no cut is lower, over more of them."""
    first = scores[: -(-max(PAIRS, 4 * k) // scores.shape[1])]
    if first.size < k:
        return np.float32(-np.inf)
    values = first.reshape(-1) if offsets is None else (first - offsets).reshape(-1)
    bound: np.float32 = np.partition(values, values.size - k)[values.size - k]
    return bound


def reaching(block: Scores, floor: np.float32, offsets: Scores | None = None) -> tuple[NDArray[np.int64], Scores]:
    """Flat places in a block [rows, L] of the scores that are at least ``floor``, ascending, and these scores.

    ``offsets`` [L] are taken off first, in float32.
    """
    if offsets is None:
        place = np.flatnonzero(block >= floor)
        return place, block.ravel()[place]
    place = np.flatnonzero(block >= _lowest(floor, offsets))
    values = block.ravel()[place] - offsets[place % block.shape[1]]
    kept = values >= floor
    return place[kept], values[kept]


def _lowest(floor: np.float32, offsets: Scores) -> Scores:
    """Scores [L] below which no score can reach ``floor`` once the offsets are taken off, however that is rounded."""
    slack = abs(float(floor)) * ROUNDING if np.isfinite(floor) else 0.0
    exact = float(floor) + offsets.astype(np.float64) - slack
    lower: Scores = np.nextafter(exact.astype(np.float32), np.float32(-np.inf))
    return lower
