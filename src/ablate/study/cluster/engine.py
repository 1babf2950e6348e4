"""The driver's side of a shared study: it waits for records that workers anywhere put into the database."""

from __future__ import annotations

from collections import deque

from ablate.results.record import Body
from ablate.study.cluster.crew import Crew
from ablate.study.cluster.leases import Held, Leases
from ablate.study.cluster.shared import SharedStudy
from ablate.study.engine import Engine
from ablate.study.schedule import Task
from ablate.study.view import View
from ablate.study.workbench import Workbench

LOOK_SECONDS = 1.0


class Cluster(Engine):
    """Every run that is ready counts as started: which worker makes it is settled in the database.

    ``crew`` are the workers that this driver places; there may be none.
    """

    elsewhere = True

    def __init__(self, workbench: Workbench, shared: SharedStudy, leases: Leases, crew: Crew, view: View) -> None:
        self._workbench, self._shared, self._leases = workbench, shared, leases
        self._crew, self._view = crew, view
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
        self._crew.start()

    def finished(self) -> tuple[Task, Body]:
        """Wait for a record.

        Raises:
            AblateError: a worker of the crew says so, or the database is gone.
            RuntimeError: something is wrong with the code of a run; the text is the worker's traceback.
        """
        while not self._finished:
            self._crew.tend(LOOK_SECONDS)
            self._look()
        return self._finished.popleft()

    def close(self) -> None:
        """End the crew and give back what it held; workers elsewhere go on."""
        self._crew.close()

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
        alive = [one for one in self._leases.all() if one.alive]
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
