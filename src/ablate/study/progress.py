"""What a driver is doing, in a small file beside its records, for whoever asks from outside."""

from __future__ import annotations

import json
import os
from pathlib import Path

from ablate.study.schedule import Task
from ablate.study.status import PROGRESS


class Progress:
    """Keeps the number of runs, of workers, and the runs in the making. No figure rests on it: it is not flushed."""

    def __init__(self, out: Path, workers: int) -> None:
        self._path, self._workers = out / PROGRESS, workers
        self._runs, self._running = 0, dict[str, Task]()

    def total(self, runs: int) -> None:
        """How many runs the study has in all."""
        self._runs = runs
        self._write()

    def begin(self, task: Task) -> None:
        """A run starts."""
        self._running[task.key] = task
        self._write()

    def end(self, task: Task) -> None:
        """A run is over."""
        self._running.pop(task.key, None)
        self._write()

    def _write(self) -> None:
        running = [{"arm": task.arm, "what": task.what} for task in self._running.values()]
        draft = self._path.with_suffix(".tmp")
        try:
            draft.write_text(json.dumps({"runs": self._runs, "workers": self._workers, "running": running}) + "\n")
            os.replace(draft, self._path)
        except OSError:  # a disk without room is the business of what has to be kept
            draft.unlink(missing_ok=True)
