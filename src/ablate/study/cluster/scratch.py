"""A worker's scratch folder, which nobody else can read, and what killed workers have left of theirs."""

from __future__ import annotations

import os
import re
import shutil
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from ablate.study.lock import held, lock
from ablate.train.vectors import alive

#: The process, and when it was started in clock ticks since the machine was (0 where that cannot be told).
NAME = re.compile(r"ablate-worker-(\d+)-(\d+)-\w+")


@contextmanager
def scratch() -> Iterator[Path]:
    """A folder that goes with the block; those of workers that were killed go first."""
    _sweep(Path(tempfile.gettempdir()))
    process = os.getpid()
    with tempfile.TemporaryDirectory(prefix=f"ablate-worker-{process}-{_started(process) or 0}-") as made:
        folder = Path(made)
        with lock(folder):  # goes with the process: seen from a container too, where its number means another
            yield folder


def _sweep(place: Path) -> None:
    """Remove the folders of this user's workers that are gone; whatever stands in the way is left."""
    for folder in place.glob("ablate-worker-*"):
        with suppress(OSError, OverflowError):
            if _left(folder) and not held(folder):
                shutil.rmtree(folder, ignore_errors=True)


def _left(folder: Path) -> bool:
    """Whether a path is a folder of our own, by its name that of a process that is gone."""
    named = NAME.fullmatch(folder.name)
    found = folder.lstat()  # a link is no folder
    if named is None or not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid():
        return False
    process, started = int(named[1]), int(named[2])
    if not alive(process):
        return True
    now = _started(process)
    return bool(started and now is not None and now != started)  # the number is another process's by now


def _started(process: int) -> int | None:
    """When a process was started, as Linux tells it; None where that cannot be told."""
    try:
        told = Path(f"/proc/{process}/stat").read_text()
    except OSError:
        return None
    return int(told.rpartition(")")[2].split()[19])  # field 22, counted from behind the name
