"""A worker of a shared study on its driver's machine: ``python -m ablate.study.cluster.local``.

Reads its order from the first line of its input, and ends when that does: with its driver, however it ended. What it
says goes out as JSON, a line each: ``ready`` with its name, ``say``, ``mistake`` and ``fault``.
"""

from __future__ import annotations

import os

from ablate.study.worker import Inbox, Output, serve


def main() -> None:
    """Take runs until none is left."""
    serve(_work)


def _work(inbox: Inbox, tell: Output) -> None:
    opening = inbox.get()
    from ablate.study.cluster.member import Order, work

    work(Order(**opening), lambda text: tell(kind="say", text=text), lambda name: tell(kind="ready", holder=name))
    os._exit(0)


if __name__ == "__main__":
    main()
