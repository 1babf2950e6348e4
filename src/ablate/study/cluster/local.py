"""A worker of a shared study on its driver's machine: ``python -m ablate.study.cluster.local``.

Reads its order from the first line of its input, and ends when that does: with its driver, however it ended. What it
says goes out as JSON, a line each: ``ready`` with its name, ``say``, ``mistake`` and ``fault``.
"""

from __future__ import annotations

import os
import queue
import sys
import threading
import traceback
from typing import Any

from ablate.study.worker import Output, listen


def main() -> None:
    """Take runs until none is left."""
    tell = Output()
    inbox: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
    # before anything heavy is imported: a driver that is gone is noticed at any time
    threading.Thread(target=listen, args=(sys.stdin.buffer, inbox), daemon=True).start()
    opening = inbox.get()
    from ablate.errors import AblateError
    from ablate.study.cluster.member import Order, work

    try:
        work(Order(**opening), lambda text: tell(kind="say", text=text), lambda name: tell(kind="ready", holder=name))
        os._exit(0)
    except AblateError as error:
        tell(kind="mistake", text=str(error))
    except OSError as error:
        tell(kind="mistake", text=f"'{error.filename}': {error.strerror}; check the path and the room on its disk")
    except Exception:
        tell(kind="fault", text=traceback.format_exc())
    os._exit(1)  # a thread still waits for input, and would be in the way of an ordinary end


if __name__ == "__main__":
    main()
