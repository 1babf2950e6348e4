"""A study whose runs are each spread over the processes that ``torchrun`` or ``accelerate launch`` has started.

Rank 0 conducts the study as one process would: it alone proposes, judges, keeps records and speaks to the terminal. The
others wait for what it tells them: what the study is, then each run and each split to be scored, then the end.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ablate.errors import AblateError
from ablate.study import resolve
from ablate.study.division import names_one
from ablate.study.memory import free
from ablate.study.plan import Plan, make
from ablate.study.schedule import Task
from ablate.study.view import View
from ablate.study.workbench import Workbench
from ablate.train import device as devices
from ablate.train.compute import Compute
from ablate.train.frozen import wholly_frozen
from ablate.train.ranks import LostError, RanksError

if TYPE_CHECKING:
    from ablate.study.ready import Ready
    from ablate.train.processes import Processes

VARIABLES = ("RANK", "MASTER_ADDR", "MASTER_PORT")
#: What no other process needs to be told of a plan.
LEADERS = {"hours", "dry_run", "quiet", "storage", "failed", "device"}


@contextmanager
def processes() -> Iterator[Processes]:
    """The processes that were started together; what goes wrong in the block ends them all.

    Raises:
        AblateError: they cannot find each other, or one of them has failed.
    """
    from ablate.train.processes import Processes

    size = os.environ["WORLD_SIZE"]
    missing = [name for name in VARIABLES if name not in os.environ]
    if missing:
        raise AblateError(
            f"WORLD_SIZE is {size} but {missing[0]} is not set; start with torchrun --nproc-per-node {size} -m ablate "
            "study ..., or unset WORLD_SIZE"
        )
    try:
        ranks = Processes()
        try:
            yield ranks
        except Exception as error:
            if ranks.leads and not isinstance(error, LostError):
                ranks.tell({"end": 2})
            raise
        if ranks.leads:
            ranks.tell({"end": 0})
        ranks.close()
    except LostError as error:
        sys.stdout.flush()
        print(f"error: {error}", file=sys.stderr, flush=True)
        os._exit(2)  # an accelerator that still waits for the lost ones would be in the way of an ordinary end
    except RanksError as error:
        raise AblateError(str(error)) from error


def placed(plan: Plan, ranks: Processes) -> Plan:
    """The plan for rank 0: one worker, on its own device.

    Raises:
        AblateError: an option that shares runs out is given as well, or a single GPU is named.
    """
    for key, given in (
        ("engine", plan.engine != "local"),
        ("storage", plan.storage is not None),
        ("workers", plan.workers not in (None, 1)),
    ):
        if given:
            raise AblateError(
                f"--{key} shares runs out, but {ranks.size} processes were started to make each run together "
                f"(WORLD_SIZE); leave --{key} out, or start without torchrun"
            )
    device = devices.choose(plan.device)
    if names_one(device):
        raise AblateError(f"--device {device}: {ranks.size} processes take a GPU each; give --device {device.type}")
    return plan.model_copy(update={"workers": 1, "device": _own(device.type)})


def open_study(ready: Ready, workbench: Workbench, view: View) -> None:
    """Have the others set the study up as rank 0 has, and wait until all can work.

    Raises:
        AblateError: a batch has fewer documents than there are processes.
        RanksError: another process cannot set it up.
    """
    from ablate.train.processes import Processes

    ranks, batch = workbench.ranks, ready.settings.batch_size
    assert isinstance(ranks, Processes)
    if batch < ranks.size:
        raise AblateError(
            f"batch size {batch}: {ranks.size} processes need a document each; give --batch-size or fewer"
        )
    if all(ready.settings.of(arm.strategy).frozen for arm in ready.arms):
        view.warn(f"processes: {ranks.size}, but runs on vectors of a frozen encoder are made by the first alone")
    else:
        view.say(f"processes: {ranks.size}, each run is spread over them")
    ranks.tell({"open": _opening(ready), "truth": workbench.truth, "device": ready.settings.device.type})
    with ranks.together(patient=True):
        pass
    ranks.use(ready.settings.device)


def follow(ranks: Processes) -> None:
    """Do what rank 0 says until it says that this is the end; leaves with its exit code where that is not 0."""

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the first one's, and the others end with it
    follower = _Follower(ranks)
    while True:
        message = ranks.hear()
        if "end" in message:
            break
        try:
            follower.take(message)
        except LostError:
            raise
        except Exception:  # rank 0 has been told, and says what comes of it
            follower.made = None
    if message["end"]:
        try:
            ranks.hear()  # whoever watches ends all when one ends: not before the first has said why
        except LostError:
            sys.exit(message["end"])


class _Follower:
    """A process other than the first: its own copy of the study, and the run that it has a part in."""

    def __init__(self, ranks: Processes) -> None:
        self._ranks = ranks
        self._workbench: Workbench | None = None
        self.made: Any = None

    def take(self, message: dict[str, Any]) -> None:
        """Do what a message says, together with the others."""
        if "open" in message:
            with self._ranks.together(patient=True):
                self._workbench = self._open(message)
            self._ranks.use(self._workbench.settings.device)
            return
        assert self._workbench is not None
        if "run" in message:
            self.made = None
            free(self._workbench.settings.device)
            self.made = self._workbench.follow(Task(**message["run"]), Compute(**message["compute"]))
        elif self.made is not None:
            self.made.scores(message["score"])

    def _open(self, message: dict[str, Any]) -> Workbench:
        from ablate.study.ready import prepare

        values = {**message["open"], "workers": 1, "device": _own(message["device"])}
        ready = prepare(make(values, "the plan of process 0"), View())
        for arm in ready.arms:  # what takes long the first time, on a machine without the first one's cache
            if not wholly_frozen(arm.strategy, ready.settings.encoder(arm.strategy.backbone)):
                ready.settings.of(arm.strategy)
        return ready.workbench(message["truth"], self._ranks)


def _opening(ready: Ready) -> dict[str, Any]:
    """The plan with all that is settled, so that the output folder need not be seen from elsewhere."""
    plan = resolve.with_earlier(ready.plan, ready.out).model_copy(update={"out": str(Path(ready.out).absolute())})
    return plan.model_dump(mode="json", exclude_defaults=True, exclude=LEADERS)


def _own(kind: str) -> str:
    """The device of this process: on CUDA one GPU each, by LOCAL_RANK."""
    local = os.environ.get("LOCAL_RANK") or os.environ["RANK"]
    return str(devices.choose(f"cuda:{local}" if kind == "cuda" else kind))
