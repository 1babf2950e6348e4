"""The order in which training documents are drawn."""

from __future__ import annotations

import zlib

import numpy as np
import torch
from numpy.typing import NDArray

from ablate.data.labels import Labels
from ablate.factors import Sampler
from ablate.stats import LabelStats


class Order:
    """An endless stream of training row numbers, cut into batches.

    An epoch holds document i on average ``w_i / mean(w)`` times: the whole part always, the rest by chance, in a
    shuffled order. Equal weights give the plain shuffle exactly, so that *no sampler* is the same code.
    """

    def __init__(self, sampler: Sampler, labels: Labels, stats: LabelStats, seed: np.random.SeedSequence) -> None:
        self._sampler, self._labels, self._stats = sampler, labels, stats
        self._random = np.random.default_rng(seed)
        self._weights = self._ask()
        self._epoch = self._draw()
        self._next = 0

    @property
    def weights(self) -> torch.Tensor:
        """How often each document is drawn now, mean 1, [N]."""
        return torch.from_numpy(self._weights)

    @property
    def digest(self) -> str:
        """Tells this order from another: the documents of the epoch, and how far they are drawn."""
        return f"{zlib.crc32(self._epoch.data)}, {self._next}"

    def batch(self, size: int) -> NDArray[np.int64]:
        """The next ``size`` row numbers, [size]."""
        parts: list[NDArray[np.int64]] = []
        missing = size
        while missing:
            part = self._epoch[self._next : self._next + missing]
            self._next += len(part)
            missing -= len(part)
            parts.append(part)
            if self._next >= len(self._epoch):
                self._epoch, self._next = self._draw(), 0
        return parts[0] if len(parts) == 1 else np.concatenate(parts)

    def refresh(self) -> bool:
        """Ask the sampler again; where its weights changed, a new epoch starts at once. Gives whether they did."""
        weights = self._ask()
        changed = not np.array_equal(weights, self._weights)
        if changed:
            self._weights = weights
            self._epoch, self._next = self._draw(), 0
        return changed

    def _ask(self) -> NDArray[np.float64]:
        weights = self._sampler.weights(self._labels, self._stats).detach().cpu().double().numpy()
        return np.asarray(weights / weights.mean())

    def _draw(self) -> NDArray[np.int64]:
        whole = np.floor(self._weights)
        copies = (whole + (self._random.random(len(whole)) < self._weights - whole)).astype(np.int64)
        rows = np.repeat(np.arange(len(copies), dtype=np.int64), copies)
        return np.asarray(self._random.permutation(rows)) if len(rows) else self._draw()
