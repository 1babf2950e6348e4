"""The processes over which one run is spread; here the neutral case: one process that has everything to itself.

A run that is spread draws the same batch on every rank. Each rank encodes its own documents of the batch; features are
gathered, so that head and loss see the whole batch on every rank, as with micro-batches; and gradients of the encoder
are added up. :class:`ablate.train.processes.Processes` does so; the methods here leave everything as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any, TypeVar

from torch import Tensor

from ablate.encoders.base import Tokens
from ablate.train.model import Model

T = TypeVar("T")


class RanksError(Exception):
    """Another process of the run has failed, or cannot be reached any more; one line that says which and why."""


class LostError(RanksError):
    """A process does not answer any more; nothing can be told to it, or to those that wait for it."""


class Ranks:
    """One process alone. ``rank`` counts from 0, ``size`` is the number of processes; rank 0 leads."""

    rank: int = 0
    size: int = 1

    @property
    def leads(self) -> bool:
        """Whether this process decides, judges and keeps records."""
        return self.rank == 0

    def own(self, documents: int) -> slice:
        """Places of the documents of a batch that this rank encodes: sizes differ by one at most."""
        return self._places(documents, self.rank)

    def _places(self, documents: int, rank: int) -> slice:
        each, more = divmod(documents, self.size)
        start = rank * each + min(rank, more)
        return slice(start, start + each + (rank < more))

    @contextmanager
    def together(self, patient: bool = False) -> Iterator[None]:
        """A block that every rank runs: what one raises in it ends it on all of them.

        ``patient`` sets no limit to how long the slowest may take.
        """
        yield

    def tell(self, message: Any) -> None:
        """Tell the ranks that follow, from rank 0."""

    def seed(self, number: int) -> None:
        """Seed the dropout inside the encoder, which differs from rank to rank; all other draws are the same."""

    def apart(self) -> AbstractContextManager[None]:
        """A block that draws from this rank's own stream."""
        return nullcontext()

    def decided(self, decide: Callable[[], T]) -> T:
        """What rank 0 decides, on every rank."""
        return decide()

    def agreed(self, values: Tensor) -> Tensor:
        """The values of rank 0, on every rank."""
        return values

    def align(self, model: Model) -> None:
        """Give every rank the weights of rank 0."""

    def check(self, what: str, value: Callable[[], str]) -> None:
        """Raise RanksError where this rank has another value than rank 0; ``what`` it is of, in words."""

    def gather(self, features: Tensor | Tokens, documents: int) -> Tensor | Tokens:
        """Features of the whole batch of ``documents``, in its order, from each rank's own; without a graph."""
        return features

    def own_gradient(self, features: Tensor | Tokens) -> Tensor | None:
        """The gradient at the features that this rank gave, of what :meth:`gather` put together; None without one."""
        whole = features if isinstance(features, Tensor) else features.flat
        if whole.grad is None or self.size == 1:
            return whole.grad
        places = self.own(len(features) if isinstance(features, Tensor) else len(features.lengths))
        if isinstance(features, Tensor):
            return whole.grad[places]
        start = int(features.lengths[: places.start].sum())
        return whole.grad[start : start + int(features.lengths[places].sum())]

    def add_up(self, model: Model) -> None:
        """Add the gradients of the encoder up over all ranks; give every rank those of rank 0 for the rest."""

    def collect(self, scores: Tensor | None, sizes: Sequence[int], width: int) -> list[Tensor]:
        """On rank 0 the scores [sizes[r], width] that each rank r gave (None: it had nothing left); elsewhere none."""
        assert scores is not None
        return [scores]


ALONE = Ranks()
