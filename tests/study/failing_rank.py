"""The command line in a process whose runs fail where they are told to, on the last of several processes alone.

python failing_rank.py ARM=KIND[,ARM=KIND] ARGUMENTS: half way through its first run of an arm, ``memory`` runs out, an
``error`` is raised, or the process is ``killed``.
"""

from __future__ import annotations

import os
import signal
import sys

from ablate.cli import main
from ablate.train.loop import Loop

faults = dict(pair.split("=") for pair in sys.argv.pop(1).split(","))
refresh = Loop.refresh


def failing(self: Loop):
    if int(os.environ["RANK"]) == int(os.environ["WORLD_SIZE"]) - 1 and self.step > self.setting.steps / 2:
        kind = faults.pop(self.strategy.name, "")
        if kind == "memory":
            raise MemoryError("no room")
        if kind == "error":
            raise ValueError("mine alone")
        if kind == "killed":
            os.kill(os.getpid(), signal.SIGKILL)
    return refresh(self)


Loop.refresh = failing  # type: ignore[method-assign]
main()
