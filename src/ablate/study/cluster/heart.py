"""What keeps a lease alive while its run is made."""

from __future__ import annotations

from threading import Event, Thread
from typing import Self

from ablate.errors import AblateError
from ablate.study.cluster.leases import Lease, Leases
from ablate.study.view import View

#: Heartbeats within the seconds after which a worker counts as dead.
BEATS = 4


class LostError(BaseException):
    """The run that is being made is another worker's by now. Like Ctrl-C it is no error of the run."""


class Heart(View):
    """Renews a lease from a thread of its own; as the view of the run it stops it where the lease is lost."""

    def __init__(self, leases: Leases, lease: Lease) -> None:
        self._leases, self._lease = leases, lease
        self._step, self._lost, self._over = 0, Event(), Event()
        self._thread = Thread(target=self._beat, name="heartbeat", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._over.set()
        self._thread.join()

    def step(self, step: int) -> None:
        """A training step is done.

        Raises:
            LostError: the lease is.
        """
        self._step = step
        if self._lost.is_set():
            raise LostError

    def _beat(self) -> None:
        while not self._over.wait(self._leases.grace / BEATS):
            try:
                held = self._leases.renew(self._lease, self._step)
            except AblateError:  # the database is gone for good: the run cannot be kept
                held = False
            if not held:
                self._lost.set()
                return
