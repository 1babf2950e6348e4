"""Where runs are made: in this process, or wherever a subclass makes them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar

from ablate.results.record import Body
from ablate.study.schedule import Task
from ablate.study.view import View
from ablate.study.workbench import Workbench


class Engine(ABC):
    """Takes tasks and gives their records back, in any order; its view is told how each run goes on.

    A run that is given back has its record on disk. Nothing is lost by closing an engine at any time. ``elsewhere``
    says that a run that was started only waits for a worker, which may be on another machine.
    """

    elsewhere: ClassVar[bool] = False

    @abstractmethod
    def free(self) -> bool:
        """Whether another run can be started now."""

    @abstractmethod
    def start(self, task: Task) -> None:
        """Start a run."""

    @abstractmethod
    def finished(self) -> tuple[Task, Body]:
        """Wait for one of the runs that were started."""

    @abstractmethod
    def close(self) -> None:
        """Stop what still runs."""


class Here(Engine):
    """One run after the other, in this process."""

    def __init__(self, workbench: Workbench, view: View) -> None:
        self._workbench, self._view = workbench, view
        self._task: Task | None = None

    def free(self) -> bool:
        """Whether no run waits to be made."""
        return self._task is None

    def start(self, task: Task) -> None:
        """Take the run that is made next."""
        self._task = task

    def finished(self) -> tuple[Task, Body]:
        """Make the run."""
        assert self._task is not None
        task, self._task = self._task, None
        self._view.begin(task.arm, task.what, self._workbench.settings.steps)
        body = self._workbench.make(task, self._view)
        self._view.end(body, fresh=True)
        return task, body

    def close(self) -> None:
        """Forget the run that was to be made."""
        self._task = None
