"""The driver's side of a shared study: it waits for records that workers anywhere put into the database."""

from __future__ import annotations

import selectors
import sys
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from ablate.errors import AblateError
from ablate.results.record import Body
from ablate.study.cluster.leases import Held, Leases
from ablate.study.cluster.shared import SharedStudy
from ablate.study.engine import Engine
from ablate.study.process import Process
from ablate.study.schedule import Task
from ablate.study.view import View
from ablate.study.workbench import Workbench
from ablate.study.workers import DEATHS

COMMAND = (sys.executable, "-m", "ablate.study.cluster.local")
LOOK_SECONDS = 1.0


class Cluster(Engine):
    """Every run that is ready counts as started: which worker makes it is settled in the database.

    ``openings`` are what each worker of this machine is told, with its number of threads; there may be none.
    """

    elsewhere = True

    def __init__(
        self,
        workbench: Workbench,
        shared: SharedStudy,
        grace: float,
        openings: Sequence[tuple[dict[str, Any], int]],
        view: View,
    ) -> None:
        self._workbench, self._shared, self._view = workbench, shared, view
        self._leases = Leases(shared, grace)
        self._selector = selectors.DefaultSelector()
        self._crew = [Process(number, *opening, COMMAND) for number, opening in enumerate(openings)]
        self._holders: dict[int, str] = {}  # names of the crew, by number
        self._failed_starts = 0
        self._awaited: dict[str, Task] = {}
        self._finished: deque[tuple[Task, Body]] = deque()
        self._lanes: dict[str, int] = {}
        self._shown: dict[int, str] = {}

    def free(self) -> bool:
        """Always: a run waits in the database for its worker."""
        return True

    def start(self, task: Task) -> None:
        """Wait for this run too."""
        self._awaited[task.key] = task
        for worker in self._crew:
            if worker.process is None and worker.number not in self._holders:
                self._selector.register(worker.start(), selectors.EVENT_READ, worker)
                self._holders[worker.number] = ""

    def finished(self) -> tuple[Task, Body]:
        """Wait for a record; a worker of this machine that dies is started again.

        Raises:
            AblateError: a worker of this machine says so, workers die before they can work, or the database is gone.
            RuntimeError: something is wrong with the code of a run; the text is the worker's traceback.
        """
        while not self._finished:
            for ready, _ in self._selector.select(LOOK_SECONDS):
                self._hear(ready.data)
            self._look()
        return self._finished.popleft()

    def close(self) -> None:
        """End the workers of this machine and give back what they held; others go on."""
        for worker in self._crew:
            with suppress(AblateError):  # the database is gone: what they held will be taken over in time
                self._end(worker, "stopped", died=False)
        self._selector.close()

    def _look(self) -> None:
        """Take in which records have come and what is being made."""
        made = self._shared.holders()
        for key in [key for key in self._awaited if key in made]:
            task = self._awaited.pop(key)
            self._shared.fetch(key, self._workbench.records.folder)
            body = self._workbench.records.read(key)
            lane = self._lane(made[key])
            self._show(lane, task.key, task.arm, task.what)
            self._view.worker(lane).end(body, fresh=True)
            self._finished.append((task, body))
        held = self._leases.all()
        alive = [one for one in held if one.alive]
        self._lanes = {name: lane for name, lane in self._lanes.items() if name in {one.holder for one in alive}}
        for one in alive:
            self._follow(one)

    def _follow(self, held: Held) -> None:
        lane = self._lane(held.holder)
        self._show(lane, held.key, held.arm, held.what)
        self._view.worker(lane).step(held.step)

    def _show(self, lane: int, key: str, arm: str, what: str) -> None:
        if self._shown.get(lane) != key:
            self._shown[lane] = key
            self._view.worker(lane).begin(arm, what, self._workbench.settings.steps)

    def _lane(self, holder: str) -> int:
        """The line of a worker; one that is gone leaves its own to the next."""
        taken = set(self._lanes.values())
        return self._lanes.setdefault(holder, next(n for n in range(len(taken) + 1) if n not in taken))

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
        """A worker is gone: where it has died it is started again, and what it held is free at once."""
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
        self._selector.register(worker.start(), selectors.EVENT_READ, worker)

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
