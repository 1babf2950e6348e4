"""What processes of one run tell each other on the CPU, and how none waits for one that has failed.

Every exchange begins with a word by which a rank that has failed meanwhile says so to all others. What cannot be told
that way (a process that was killed or is stuck, a network that is gone) ends the wait with the connection, or after
:data:`PATIENCE`.
"""

from __future__ import annotations

import os
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar, cast

import torch
import torch.distributed as dist

from ablate.errors import AblateError
from ablate.train.device import out_of_memory
from ablate.train.ranks import LostError, Ranks, RanksError

#: How long a rank waits for the others inside a run.
PATIENCE = timedelta(minutes=10)
#: And between runs, while rank 0 judges, keeps records and proposes.
LONG = timedelta(days=365)

T = TypeVar("T")


class PeerError(RanksError):
    """Another rank has failed, which every rank knows by now."""


class PeerMemoryError(MemoryError):
    """Memory ran out on another rank, which every rank knows by now."""


class Connected(Ranks):
    """The processes that RANK, WORLD_SIZE, MASTER_ADDR and MASTER_PORT speak of, as ``torchrun`` sets them.

    Raises:
        LostError: the others were waited for in vain.
    """

    def __init__(self) -> None:
        self.rank, self.size = int(os.environ["RANK"]), int(os.environ["WORLD_SIZE"])
        with self._reaching():
            dist.init_process_group("gloo", timeout=PATIENCE)
            self._words = dist.new_group(backend="gloo", timeout=PATIENCE)
            self._calls = dist.new_group(backend="gloo", timeout=LONG)

    def close(self) -> None:
        """Leave; nothing is exchanged any more."""
        with self._reaching():
            dist.destroy_process_group()

    @contextmanager
    def together(self, patient: bool = False) -> Iterator[None]:
        """See :meth:`Ranks.together`; PeerMemoryError where memory ran out elsewhere, PeerError for all else."""
        group = self._calls if patient else self._words
        try:
            yield
        except (LostError, PeerError, PeerMemoryError):
            raise
        except Exception as error:
            self._exchange(error, group)
            raise
        self._exchange(None, group)

    def tell(self, message: Any) -> None:
        """Tell the ranks that follow; they take it up when they ask for it."""
        with self._reaching():
            dist.broadcast_object_list([message], src=0, group=self._calls)

    def hear(self) -> Any:
        """Wait for what rank 0 tells next, however long that takes."""
        told = [None]
        with self._reaching():
            dist.broadcast_object_list(told, src=0, group=self._calls)
        return told[0]

    def decided(self, decide: Callable[[], T]) -> T:
        """What rank 0 decides, on every rank."""
        told = [decide() if self.leads else None]
        self._ready()
        with self._reaching():
            dist.broadcast_object_list(told, src=0, group=self._words)
        return cast(T, told[0])

    def check(self, what: str, value: Callable[[], str]) -> None:
        """Compare with rank 0."""
        mine = value()
        if self.decided(lambda: mine) != mine:
            raise RanksError(
                f"{what} differs from that of process 0; give every process the same versions, data, weights, plugins "
                "and room for the cache"
            )

    def _ready(self) -> None:
        self._exchange(None, self._words)

    def _exchange(self, error: Exception | None, group: dist.ProcessGroup) -> None:
        """Say how this rank is and hear how the others are; raises what is wrong elsewhere if nothing is here."""
        wrong = torch.tensor([int(error is not None)])
        with self._reaching():
            dist.all_reduce(wrong, dist.ReduceOp.MAX, group)
            if not wrong:
                return
            told: list[Any] = [None] * self.size
            mine = None if error is None else (out_of_memory(error), _line(error))
            dist.all_gather_object(told, mine, group)
        if error is not None:
            return
        rank, (memory, line) = next((rank, one) for rank, one in enumerate(told) if one is not None)
        text = f"process {rank} of {self.size}: {line}"
        raise PeerMemoryError(text) if memory else PeerError(text)

    @contextmanager
    def _reaching(self) -> Iterator[None]:
        """Turn what a backend raises into one line. Whoever started the processes may end this one first."""
        try:
            yield
        except RuntimeError as error:
            raise LostError(
                f"process {self.rank} of {self.size} has lost the others: one of them ended, or did not answer for "
                f"{PATIENCE.total_seconds():g} s; see what it said, then start the same command again"
            ) from error


def _line(error: Exception) -> str:
    """The error on a line; of one that no user has made also its kind and where it was raised."""
    text = " ".join(str(error).split())[:300]
    if isinstance(error, AblateError | RanksError) or out_of_memory(error):
        return text or type(error).__name__
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__}: {text} ({Path(frame.filename).name}, line {frame.lineno})"
