"""Two workers of one thread against one worker of two, for each kind of run.

    python -m benchmarks.workers        (or: python benchmarks/workers.py)

On a machine with C cores: C workers of one thread each against one worker of C threads, the same runs, alternating,
the median of three; a ratio above 1 says that several workers are faster. Prints a table in Markdown.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path
from statistics import median

from ablate.study.conduct import schedule_of
from ablate.study.division import Place
from ablate.study.plan import make
from ablate.study.ready import Ready, prepare
from ablate.study.resolve import write
from ablate.study.schedule import Task
from ablate.study.view import View
from ablate.study.workbench import Workbench
from ablate.study.workers import Workers
from ablate.train.device import cores

KINDS = {
    "bag": {"backbone": "bag", "steps": 100, "batch_size": 256},
    "head on frozen vectors": {"backbone": "minilm", "base": "head-only", "steps": 400, "batch_size": 256},
    "two layers trained": {"backbone": "minilm", "base": "last-layers", "steps": 25, "batch_size": 32},
    "encoder trained": {"backbone": "minilm", "base": "full", "steps": 25, "batch_size": 32},
}


def ready_for(folder: Path, options: dict, documents: int, cache: str | None) -> Ready:
    """A study of two arms on generated data; everything that workers share is built."""
    told = {"out": str(folder), "documents": documents, "strategies": [], "trials": 5, "seeds": 1, "workers": 1}
    ready = prepare(make({**told, **options, **({"cache": cache} if cache else {})}), View())
    write(ready.plan, ready.settled, ready.out)
    return ready


class Crew:
    """Workers that are warm: each has made a run before the clock starts."""

    def __init__(self, workbench: Workbench, ready: Ready, count: int, threads: int) -> None:
        self.engine = Workers(workbench, ready.plan, [Place("cpu", threads)] * count, View())
        self.count = count

    def seconds(self, tasks: list[Task]) -> float:
        """Seconds for these runs, made side by side."""
        waiting = list(tasks)
        started = time.perf_counter()
        running = 0
        while waiting or running:
            while waiting and self.engine.free():
                self.engine.start(waiting.pop())
                running += 1
            self.engine.finished()
            running -= 1
        return time.perf_counter() - started


def measure(options: dict, documents: int, repeats: int, cache: str | None) -> tuple[float, float]:
    """Median seconds of one worker on all cores, and of one worker for each core."""
    with tempfile.TemporaryDirectory() as folder:
        ready = ready_for(Path(folder) / "study", options, documents, cache)
        workbench = ready.workbench("none")
        tasks = [task for task in schedule_of(ready, workbench).ready({}) if task.trial is not None]
        tasks = tasks[: 2 * cores() * max(1, len(tasks) // (2 * cores()))][: 4 * cores()]
        crews = [Crew(workbench, ready, 1, cores()), Crew(workbench, ready, cores(), 1)]
        try:
            for crew in crews:
                crew.seconds(tasks[: crew.count])
            timed = [[crew.seconds(tasks) for crew in crews] for _ in range(repeats)]
        finally:
            for crew in crews:
                crew.engine.close()
    one, many = (median(times) for times in zip(*timed, strict=True))
    return one, many


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--documents", type=int, default=2000)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--kinds", nargs="*", default=list(KINDS), choices=list(KINDS))
    parser.add_argument("--cache", default=None)
    given = parser.parse_args()
    print(f"| kind of run | 1 worker x {cores()} threads, s | {cores()} workers x 1 thread, s | ratio |")
    print("|---|---|---|---|")
    for name in given.kinds:
        one, many = measure(KINDS[name], given.documents, given.repeats, given.cache)
        print(f"| {name} | {one:.1f} | {many:.1f} | {one / many:.2f} |", flush=True)


if __name__ == "__main__":
    main()
