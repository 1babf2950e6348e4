"""A worker's side: ``python -m ablate.study.worker`` reads what to make from its input, a line of JSON each.

The first line holds the plan (``out`` names the folder where the study stands) and the id of the test labels, each
other one a task. It tells ``ready``, ``step``, ``point`` and ``done`` on its output, and ends at once when its input
does: with its driver, however that ended.
"""

from __future__ import annotations

import json
import os
import queue
import sys
import threading
import time
import traceback
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, BinaryIO

if TYPE_CHECKING:
    from ablate.study.workbench import Workbench

TOLD_SECONDS = 0.1


Inbox = queue.SimpleQueue[dict[str, Any]]


def main() -> None:
    """Make runs until the input ends."""
    serve(_work)


def serve(work: Callable[[Inbox, Output], None]) -> None:
    """Do the work of a process that hears a driver and tells it what goes wrong; ends the process, whatever comes.

    With exit code 1 when the work is over or has failed, unless it ends the process itself.
    """
    tell = Output()
    inbox: Inbox = queue.SimpleQueue()
    # before anything heavy is imported: a driver that is gone is noticed at any time
    threading.Thread(target=_listen, args=(sys.stdin.buffer, inbox), daemon=True).start()
    from ablate.errors import AblateError

    try:
        work(inbox, tell)
    except AblateError as error:
        tell(kind="mistake", text=str(error))
    except OSError as error:
        tell(kind="mistake", text=f"'{error.filename}': {error.strerror}; check the path and the room on its disk")
    except Exception:
        tell(kind="fault", text=traceback.format_exc())
    os._exit(1)  # a thread still waits for input, and would be in the way of an ordinary end


def _work(inbox: Inbox, tell: Output) -> None:
    opening = inbox.get()
    workbench = _workbench(opening)
    tell(kind="ready")
    from ablate.study.schedule import Task
    from ablate.study.view import View

    class Told(View):
        """Passes on how a run goes on, steps not too often."""

        last = 0.0

        def step(self, step: int) -> None:
            if time.monotonic() - self.last > TOLD_SECONDS:
                self.last = time.monotonic()
                tell(kind="step", step=step)

        def point(self, macro: float, micro: float) -> None:
            tell(kind="point", macro=macro, micro=micro)

    view = Told()
    while True:
        workbench.make(Task(**inbox.get()), view)
        tell(kind="done")


def _workbench(opening: dict[str, Any]) -> Workbench:
    from ablate.study.plan import make
    from ablate.study.ready import prepare
    from ablate.study.view import View

    return prepare(make(opening["plan"], "the plan for a worker"), View()).workbench(opening["truth"])


def _listen(lines: BinaryIO, inbox: Inbox) -> None:
    """Put what is heard, a line of JSON each, into the inbox; end the process when nothing more will come."""
    for line in lines:
        inbox.put(json.loads(line))
    os._exit(0)


class Output:
    """Lines to the driver. What a library prints goes to the error output instead."""

    def __init__(self) -> None:
        self._file = os.fdopen(os.dup(1), "wb")
        os.dup2(2, 1)

    def __call__(self, **message: Any) -> None:
        """Tell the driver; without one there is nothing to go on for."""
        try:
            self._file.write(json.dumps(message).encode() + b"\n")
            self._file.flush()
        except BrokenPipeError:
            os._exit(0)


if __name__ == "__main__":
    main()
