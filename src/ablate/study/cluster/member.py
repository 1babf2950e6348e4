"""A worker that takes runs of a study from a database until none is left, on any machine, started by anything."""

from __future__ import annotations

import os
import socket
import tomllib
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event
from typing import Any
from uuid import uuid4

from ablate.errors import AblateError
from ablate.results.outputs import write_boards
from ablate.results.record import Body
from ablate.results.whole import write_whole
from ablate.study import resolve
from ablate.study.cluster.database import Database
from ablate.study.cluster.heart import Heart, LostError
from ablate.study.cluster.leases import Lease, Leases
from ablate.study.cluster.scratch import scratch
from ablate.study.cluster.shared import Published, SharedStudy, contents
from ablate.study.conduct import schedule_of
from ablate.study.lock import lock
from ablate.study.plan import PLACES, make
from ablate.study.ready import prepare
from ablate.study.schedule import Schedule, Task
from ablate.study.view import View
from ablate.study.workbench import Workbench
from ablate.study.workers import DEATHS

POLL_SECONDS = 1.0


@dataclass(frozen=True)
class Order:
    """What a worker is asked for: a study in a database, and what of its plan is this machine's own.

    ``own`` are options such as the path of the data, plugin files, device and threads; ``out`` is a folder that ends
    up with the whole study.
    """

    storage: str = field(repr=False)  # its password is nobody's to print
    study: str
    own: Mapping[str, Any] = field(default_factory=dict)
    out: str | None = None


def work(order: Order, say: Callable[[str], None], begun: Callable[[str], None] = lambda holder: None) -> None:
    """Make runs until none is left; ``begun`` is told the worker's name once it can work.

    Raises:
        AblateError: this machine would make other runs than the study's, or the database is gone.
    """
    holder = f"{socket.gethostname()}:{os.getpid()}:{uuid4().hex[:8]}"
    with closing(Database(order.storage, say)) as database, _held(order.out):
        shared = SharedStudy(database, order.study)
        while True:
            published = shared.read()
            with scratch() as folder:
                member = _member(shared, published, order, holder, folder, say)
                begun(holder)
                member.work()
            if shared.read().plan == published.plan:  # else it was extended meanwhile
                break
        if order.out:
            _complete(shared, published, Path(order.out))


@dataclass(eq=False)
class Member:
    """One worker of a study: what is ready it finds out itself, from the records in the database."""

    shared: SharedStudy
    leases: Leases
    schedule: Schedule
    workbench: Workbench
    holder: str
    say: Callable[[str], None]
    _bodies: dict[str, Body] = field(default_factory=dict)

    def work(self) -> None:
        """Make runs until none is left to make."""
        while True:
            self._learn()
            ready = self.schedule.ready(self._bodies)
            if not ready:
                return
            if not self._one_of(ready):
                Event().wait(POLL_SECONDS)

    def _learn(self) -> None:
        """Take over which records there are."""
        there = self.shared.holders().keys()
        self._bodies = {key: body for key, body in self._bodies.items() if key in there}
        self._bodies.update(self.shared.bodies(there - self._bodies.keys()))

    def _one_of(self, ready: list[Task]) -> bool:
        """Make the first run that nobody makes; False where each has its worker."""
        busy = {held.key for held in self.leases.all() if held.alive}
        for task in ready:
            lease = self.leases.claim(task, self.holder) if task.key not in busy else None
            if lease is not None:
                self._make(task, lease)
                return True
        return False

    def _make(self, task: Task, lease: Lease) -> None:
        told = f"{task.arm}, {task.what} [{task.key[:8]}]"
        self.say(f"took {told}" + (f" (attempt {lease.attempt}: {self._ended(lease)})" if lease.attempt > 1 else ""))
        try:
            if lease.attempt > DEATHS:
                self.workbench.lose(task, f"the worker died three times: {self._ended(lease)}")
            else:
                with Heart(self.leases, lease) as heart:
                    self.workbench.make(task, heart)
            kept = self.leases.finish(lease, *contents(self.workbench.records.folder, task.key))
        except LostError:
            kept = False
        except Exception as error:
            # what a user has to mend is no fault of the run; anything else may be
            self.leases.release(lease, f"{type(error).__name__}: {error}".splitlines()[0], died=not _mendable(error))
            raise
        except BaseException:
            self.leases.release(lease, "stopped", died=False)
            raise
        self.say(f"made {told}" if kept else f"left {told}: it was taken over meanwhile")

    def _ended(self, lease: Lease) -> str:
        """How the worker before ended."""
        return lease.reason or f"no heartbeat for {self.leases.grace:g} s"


def _mendable(error: Exception) -> bool:
    return isinstance(error, AblateError | OSError)


def _member(
    shared: SharedStudy, published: Published, order: Order, holder: str, folder: Path, say: Callable[[str], None]
) -> Member:
    plan = {**_asked(published, shared.name, order.own), **order.own}
    if order.out:
        resolve.with_earlier(make(plan, "the published plan"), Path(order.out))
    ready = prepare(make({**plan, "out": str(folder), "workers": 1}, "the published plan"), View())
    workbench = ready.workbench(published.truth)
    published.check(workbench.identities(), shared.name)
    workbench.keep_standardisers()
    shared.put_files(workbench.records.folder)
    leases = Leases(shared, published.grace)
    return Member(shared, leases, schedule_of(ready, workbench), workbench, holder, say)


def _asked(published: Published, name: str, own: Mapping[str, Any]) -> dict[str, Any]:
    """The plan in the database, which may ask for runs but not say where on this machine anything is."""
    plan = {key: value for key, value in tomllib.loads(published.plan).items() if key not in PLACES}
    if plan.get("plugin") and not own.get("plugin"):
        listed = ", ".join(map(str, plan["plugin"]))
        raise AblateError(f"study '{name}' has the plugin {listed}; give --plugin with the path of that file here")
    return plan


def _complete(shared: SharedStudy, published: Published, out: Path) -> None:
    """Make a folder whole: all records, what they refer to, the plan, the board."""
    records = out / "records"
    shared.fetch_files(records)
    for key in shared.holders():
        if not (records / f"{key}.json").exists():
            shared.fetch(key, records)
    write_whole(out / resolve.FILE, published.plan.encode())
    write_boards(out)


@contextmanager
def _held(out: str | None) -> Iterator[None]:
    if out is None:
        yield
        return
    with lock(Path(out)):
        yield
