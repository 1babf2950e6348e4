"""Workers that a driver places itself: processes of its own machine, or none."""

from __future__ import annotations

import selectors
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Protocol

from ablate.errors import AblateError
from ablate.study.cluster.leases import Leases
from ablate.study.process import Process
from ablate.study.view import View
from ablate.study.workers import DEATHS

COMMAND = (sys.executable, "-m", "ablate.study.cluster.local")


@dataclass(frozen=True)
class Opening:
    """What a worker is told: its order (see :class:`ablate.study.cluster.member.Order`), and what it computes on."""

    order: dict[str, Any] = field(repr=False)  # it holds the URL of the database
    threads: int
    device: str


class Crew(Protocol):
    """Places workers, which find their runs themselves."""

    def start(self) -> None:
        """Have them started, where that was not done."""

    def tend(self, seconds: float) -> None:
        """Look after them for a while.

        Raises:
            AblateError: a worker says so, or workers die before they can work.
            RuntimeError: something is wrong with the code of a run; the text is the worker's traceback.
        """

    def close(self) -> None:
        """End them; what they were making is given back."""


class LocalCrew:
    """Processes of this machine. One that dies is started again, and what it held is free at once."""

    def __init__(self, openings: Sequence[Opening], leases: Leases, view: View) -> None:
        self._leases, self._view = leases, view
        self._selector = selectors.DefaultSelector()
        self._crew = [Process(number, one.order, one.threads, COMMAND) for number, one in enumerate(openings)]
        self._holders: dict[int, str] = {}  # by number of the worker
        self._failed_starts = 0

    def start(self) -> None:
        """Start every process that was not."""
        for worker in self._crew:
            if worker.process is None and worker.number not in self._holders:
                self._begin(worker)

    def tend(self, seconds: float) -> None:
        """Hear the workers out; see :class:`Crew`."""
        for ready, _ in self._selector.select(seconds):
            self._hear(ready.data)

    def close(self) -> None:
        """End all processes at once."""
        for worker in self._crew:
            with suppress(AblateError):  # the database is gone: what they held will be taken over in time
                self._end(worker, "stopped", died=False)
        self._selector.close()

    def _begin(self, worker: Process) -> None:
        self._holders[worker.number] = ""
        self._selector.register(worker.start(), selectors.EVENT_READ, worker)

    def _hear(self, worker: Process) -> None:
        for message in worker.messages():
            kind = message["kind"]
            if kind == "ready":
                self._holders[worker.number], self._failed_starts = message["holder"], 0
                worker.ready = True
            elif kind == "mistake":
                raise AblateError(message["text"])
            elif kind == "fault":
                raise RuntimeError(f"worker {worker.number} stopped:\n{message['text']}")
            elif message["text"].startswith("database"):
                self._view.say(message["text"])
        if worker.silent:
            self._bury(worker)

    def _bury(self, worker: Process) -> None:
        was_ready, code = worker.ready, worker.process.wait() if worker.process else 0
        reason = self._end(worker, "", died=True)
        if code == 0:
            return  # nothing was left to make
        if not was_ready:
            self._failed_starts += 1
            if self._failed_starts == DEATHS:
                raise AblateError(
                    f"workers died {DEATHS} times before they could work ({reason}); "
                    "give --workers 0 and start one by hand to see why"
                )
        self._view.say(f"worker {worker.number} died ({reason}) and is started again")
        self._begin(worker)

    def _end(self, worker: Process, reason: str, died: bool) -> str:
        if worker.process is None:
            return ""
        self._selector.unregister(worker.output)
        ended = worker.end()
        name = self._holders.get(worker.number)
        if name:
            self._leases.release_all(name, reason or ended, died)
        self._holders[worker.number] = ""
        return ended
