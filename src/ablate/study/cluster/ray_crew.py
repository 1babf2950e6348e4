"""Workers as tasks of a Ray cluster: Ray places them on machines and GPUs, the database does the rest."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ablate.errors import AblateError
from ablate.study.cluster.crew import Opening

#: How often Ray starts a task again whose process or machine died. The run that it was in is another worker's anyway.
RETRIES = 10
#: Nothing but an order goes through Ray's store, which would take a third of the memory: the least that it may have.
STORE_BYTES = 100 << 20


class RayCrew:
    """A Ray task for each opening, with ``num_gpus=1`` where it computes on one.

    ``address`` is that of a cluster (``auto`` finds the one that this machine belongs to); without one, Ray is started
    on this machine.

    Raises:
        AblateError: Ray is not installed, or there is no cluster at the address.
    """

    def __init__(self, openings: Sequence[Opening], address: str | None) -> None:
        try:
            import ray
        except ModuleNotFoundError:
            raise AblateError("--engine ray needs Ray: pip install 'ablate[ray]'") from None
        self._ray: Any = ray
        self._openings = list(openings)
        self._tasks: list[Any] | None = None
        self._own = not ray.is_initialized()
        if self._own:
            self._connect(address)

    def start(self) -> None:
        """Hand all tasks to Ray, which starts them as there is room."""
        if self._tasks is None:
            self._tasks = [self._task(one) for one in self._openings]

    def tend(self, seconds: float) -> None:
        """Wait for tasks to end; see :class:`ablate.study.cluster.crew.Crew`."""
        ended, self._tasks = self._ray.wait(self._tasks, timeout=seconds) if self._tasks else ([], self._tasks)
        for one in ended:
            self._hear(one)
        if not self._tasks and not ended:
            self._ray.wait([self._ray.put(None)], timeout=seconds)

    def close(self) -> None:
        """End all tasks; a cluster that was there goes on."""
        for task in self._tasks or ():
            self._ray.cancel(task, force=True)
        if self._own:
            self._ray.shutdown()

    def _connect(self, address: str | None) -> None:
        own = {} if address else {"object_store_memory": STORE_BYTES, "include_dashboard": False}
        try:
            self._ray.init(address=address, log_to_driver=False, logging_level="ERROR", **own)
        except (ConnectionError, RuntimeError, ValueError) as error:
            reason = " ".join(str(error).split())[:200]
            raise AblateError(f"no Ray cluster at '{address}': {reason}; check --address") from None

    def _task(self, opening: Opening) -> Any:
        gpus = 1 if opening.device.startswith("cuda") else 0
        # the task sees its own GPU alone, under the first number
        own = {**opening.order["own"], "device": "cuda" if gpus else opening.device}
        remote = self._ray.remote(num_cpus=opening.threads, num_gpus=gpus, max_retries=RETRIES)(_work)
        return remote.remote({**opening.order, "own": own})

    def _hear(self, task: Any) -> None:
        try:
            mistake = self._ray.get(task)
        except self._ray.exceptions.RayTaskError as error:
            raise RuntimeError(f"a Ray task stopped:\n{error}") from None
        except self._ray.exceptions.RayError as error:
            raise AblateError(f"a Ray task died too often: {' '.join(str(error).split())[:200]}") from None
        if mistake is not None:
            raise AblateError(mistake)


def _work(order: dict[str, Any]) -> str | None:
    """A worker inside Ray; gives the user's mistake, if one stopped it."""
    from ablate.study.cluster.member import Order, work

    try:
        work(Order(**order), lambda text: None)
    except AblateError as error:
        return str(error)
    except OSError as error:
        return f"'{error.filename}': {error.strerror}; check the path and the room on its disk"
    return None
