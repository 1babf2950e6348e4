"""What a training step reads, put together while the step before it runs."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ablate.data.labels import Labels
from ablate.encoders.base import Batch, Tokens
from ablate.train.device import moved
from ablate.train.order import Order
from ablate.train.setting import Setting


@dataclass(frozen=True, eq=False)
class Assembled:
    """One batch on the device of the run; ``inputs`` are those of the documents that this rank encodes.

    Shapes: ``targets`` [B, L]; ``pairs`` two of int64 [positives], place in the batch and label of each positive.
    """

    inputs: Batch | Tokens | Tensor
    targets: Tensor
    pairs: tuple[Tensor, Tensor]


class Batches:
    """Batches in the order of the sampler.

    With ``setting.ahead`` a thread assembles the next batch while the present one is trained on, never past the
    steps that were asked for: a sampler that changes its weights at an evaluation point is obeyed from the next
    batch on, so that batches are the same with the thread and without it.
    """

    def __init__(self, setting: Setting, labels: Labels, order: Order) -> None:
        self._setting, self._labels, self._order = setting, labels, order
        self._rows = setting.prepared.rows["train"]

    def next(self, count: int) -> Iterator[Assembled]:
        """The next ``count`` batches."""
        if not self._setting.ahead:
            for _ in range(count):
                yield self._assemble()
            return
        with ThreadPoolExecutor(1, "assembly") as thread:
            coming: Future[Assembled] | None = thread.submit(self._assemble) if count else None
            for left in range(count - 1, -1, -1):
                assert coming is not None
                ready = coming.result()
                coming = thread.submit(self._assemble) if left else None
                yield ready

    def _assemble(self) -> Assembled:
        rows = self._order.batch(self._setting.batch_size)
        targets, pairs = self._targets(rows)
        own = rows[self._setting.ranks.own(len(rows))]
        return Assembled(self._setting.inputs.take(self._rows[own]), targets, pairs)

    def _targets(self, rows: NDArray[np.int64]) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        """Dense targets [B, L], scattered on the device, and the positive pairs."""
        part, device = self._labels.take(rows), self._setting.device
        where = moved(part.rows, device), moved(part.indices.astype(np.int64), device)
        targets = torch.zeros(len(rows), self._labels.width, device=device)
        targets.index_put_(where, torch.ones(len(part.indices), device=device))  # a Python 1.0 would be waited for
        return targets, where
