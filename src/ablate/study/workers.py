"""Workers on this machine: processes that are handed runs through a pipe and are started again when they die.

What goes through the pipes is JSON, a line each: no pickle, and nothing that a worker on another machine could not be
told as well. Records are written by the workers; the driver reads them when it is told that they are there.
"""

from __future__ import annotations

import selectors
import sys
from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ablate.errors import AblateError
from ablate.results.record import Body
from ablate.study.division import Place
from ablate.study.engine import Engine
from ablate.study.plan import Plan
from ablate.study.process import Process
from ablate.study.schedule import Task
from ablate.study.view import View
from ablate.study.workbench import Workbench

#: Deaths on one run after which it counts as failed, and deaths in a row before any work after which a study stops.
DEATHS = 3
COMMAND = (sys.executable, "-m", "ablate.study.worker")


class Workers(Engine):
    """One process for each place. A process is started when the first run is handed to it."""

    def __init__(self, workbench: Workbench, plan: Plan, places: Sequence[Place], view: View) -> None:
        self._workbench, self._view = workbench, view
        self._selector = selectors.DefaultSelector()
        self._crew = [
            Process(number, _opening(plan, place, workbench), place.threads, COMMAND)
            for number, place in enumerate(places)
        ]
        self._deaths: Counter[str] = Counter()
        self._failed_starts = 0
        self._finished: deque[tuple[Task, Body]] = deque()

    def free(self) -> bool:
        """Whether a worker has nothing to do."""
        return any(worker.task is None for worker in self._crew)

    def start(self, task: Task) -> None:
        """Hand a run to a worker that has nothing to do."""
        worker = next(worker for worker in self._crew if worker.task is None)
        worker.task = task
        self._send(worker)

    def finished(self) -> tuple[Task, Body]:
        """Wait for a run; a worker that dies is started again, at its third death on a run that run has failed.

        Raises:
            AblateError: a worker says so, or workers die before they can work.
            RuntimeError: something is wrong with the code of a run; the text is the worker's traceback.
        """
        while not self._finished:
            for ready, _ in self._selector.select():
                self._hear(ready.data)
        return self._finished.popleft()

    def close(self) -> None:
        """End all workers at once; what they were making is lost, what they have made is not."""
        for worker in self._crew:
            self._end(worker)
        self._selector.close()

    def _send(self, worker: Process) -> None:
        """Hand its task to a worker, which is started where it is not there."""
        if worker.process is None:
            self._selector.register(worker.start(), selectors.EVENT_READ, worker)
        assert worker.task is not None
        self._view.worker(worker.number).begin(worker.task.arm, worker.task.what, self._workbench.settings.steps)
        worker.tell(asdict(worker.task))

    def _hear(self, worker: Process) -> None:
        for message in worker.messages():
            self._take(worker, message)
        if worker.silent:
            self._bury(worker)

    def _take(self, worker: Process, message: dict[str, Any]) -> None:
        view = self._view.worker(worker.number)
        kind = message["kind"]
        if kind == "step":
            view.step(message["step"])
        elif kind == "point":
            view.point(message["macro"], message["micro"])
        elif kind == "ready":
            worker.ready, self._failed_starts = True, 0
        elif kind == "done":
            self._finish(worker, self._workbench.records.read(self._task_of(worker).key))
        elif kind == "mistake":
            raise AblateError(message["text"])
        else:
            raise RuntimeError(f"worker {worker.number} stopped:\n{message['text']}")

    def _finish(self, worker: Process, body: Body) -> None:
        self._finished.append((self._task_of(worker), body))
        worker.task = None
        self._view.worker(worker.number).end(body, fresh=True)

    def _bury(self, worker: Process) -> None:
        """A worker is gone: its run is made again unless it has its record or has killed its worker too often."""
        was_ready, reason = worker.ready, self._end(worker)
        if not was_ready:
            self._failed_starts += 1
            if self._failed_starts == DEATHS:
                raise AblateError(
                    f"workers died {DEATHS} times before they could work ({reason}); "
                    "give --workers 1 to see why, or fewer workers if the memory is short"
                )
        if worker.task is None:
            return
        if worker.task.key in self._workbench.records:
            self._finish(worker, self._workbench.records.read(worker.task.key))
            return
        self._deaths[worker.task.key] += was_ready
        if self._deaths[worker.task.key] == DEATHS:
            self._finish(worker, self._workbench.lose(worker.task, f"the worker died three times: {reason}"))
            return
        self._view.say(
            f"{worker.task.arm}, {worker.task.what}: worker {worker.number} died ({reason}) and is started again"
        )
        self._send(worker)

    def _end(self, worker: Process) -> str:
        """Let go of a worker's process and of what it had half written; says how it ended."""
        if worker.process is None:
            return ""
        self._selector.unregister(worker.output)
        pid = worker.process.pid
        reason = worker.end()
        folder = self._workbench.records.folder
        for leftover in (*folder.glob(f".*.{pid}.tmp"), *(folder.parent / "weights").glob(f"*.{pid}.tmp")):
            leftover.unlink(missing_ok=True)
        return reason

    @staticmethod
    def _task_of(worker: Process) -> Task:
        assert worker.task is not None
        return worker.task


def _opening(plan: Plan, place: Place, workbench: Workbench) -> dict[str, Any]:
    """What a worker has to know: the plan, where the study's own plan and records are, and its place.

    All that the study has settled it reads there, as whoever goes on with a study does.
    """
    own = {"out": str(Path(workbench.records.folder).parent.absolute()), "device": place.device, "workers": 1}
    asked = plan.model_dump(
        mode="json", exclude_defaults=True, exclude={"hours", "dry_run", "quiet", "storage", "failed"}
    )
    return {"plan": {**asked, **own, "threads": place.threads}, "truth": workbench.truth}
