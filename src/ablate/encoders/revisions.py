"""Which commit of a hub model is meant by its name, while a study says so."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_MEANT: ContextVar[dict[str, str] | None] = ContextVar("revisions", default=None)


@contextmanager
def meant(revisions: dict[str, str]) -> Iterator[None]:
    """Have models loaded at these commits, by name; the commit of one that is not named is added when it is loaded."""
    token = _MEANT.set(revisions)
    try:
        yield
    finally:
        _MEANT.reset(token)


def revision_of(name: str) -> str | None:
    """The commit that is meant by a name; None where that is left to the hub."""
    return (_MEANT.get() or {}).get(name)


def loaded(name: str, commit: str) -> None:
    """Keep which commit a name was, for the next time that it is loaded."""
    revisions = _MEANT.get()
    if revisions is not None:
        revisions[name] = commit
