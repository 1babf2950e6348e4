"""One driver at a time in an output folder."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ablate.errors import AblateError


@contextmanager
def lock(out: Path) -> Iterator[None]:
    """Hold an output folder; the lock goes with the process, however it ends.

    Raises:
        AblateError: another process holds it, or it cannot be written to.
    """
    try:
        out.mkdir(parents=True, exist_ok=True)
        file = open(out / ".lock", "w")  # noqa: SIM115 (closed below, after the lock is let go)
    except OSError as error:
        raise AblateError(
            f"output folder '{out}' cannot be written to: {error.strerror}; give another --out"
        ) from error
    try:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise AblateError(f"output folder '{out}' is in use by another study; wait for it or give --out") from error
        yield
    finally:
        file.close()


def held(out: Path) -> bool:
    """Whether a process holds an output folder now."""
    try:
        with open(out / ".lock") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except OSError:
        return True
    return False
