"""A PostgreSQL database that may go away for a while: connections, retries, and errors that tell no password."""

from __future__ import annotations

import time
from collections.abc import Callable
from threading import Event
from typing import TypeVar

from sqlalchemy import URL, Connection, create_engine, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, InterfaceError, OperationalError

from ablate.errors import AblateError

EXAMPLE = "postgresql+psycopg://USER@HOST/DATABASE"
#: Seconds that a lost database is waited for: in the middle of a study, and before anything was begun.
PATIENCE, OPENING_PATIENCE = 300.0, 30.0
FIRST_PAUSE, LONGEST_PAUSE = 0.2, 2.0
#: What no waiting mends: a wrong user or password, no such database, and what a statement may not do.
LASTING = ("28", "3D", "42", "25006")
#: A process that is stopped in the middle of a transaction must not keep others from the rows that it holds; a network
#: that swallows packets is an error, not silence.
SESSION = "-c idle_in_transaction_session_timeout=15s -c statement_timeout=60s"
NETWORK = {"connect_timeout": 10, "keepalives_idle": 15, "keepalives_interval": 5, "tcp_user_timeout": 30_000}

T = TypeVar("T")


class Database:
    """Does pieces of work, each in one transaction, again and again while the database cannot be reached.

    Times are its own (``clock_timestamp()``), never those of the machine that asks. ``say`` is told once when it is
    lost and once when it is there again.
    """

    def __init__(self, url: str, say: Callable[[str], None] = lambda text: None, patience: float = PATIENCE) -> None:
        self._url = _checked(url)
        self._say, self._patience = say, patience
        self._opened, self._wait = False, Event()
        try:
            self._engine = create_engine(
                self._url,
                pool_pre_ping=True,
                hide_parameters=True,
                connect_args={**NETWORK, "options": SESSION},
            )
        except ModuleNotFoundError:
            raise AblateError("a study in PostgreSQL needs psycopg: pip install 'ablate[postgres]'") from None

    @property
    def name(self) -> str:
        """Host and name of the database: what may be told of its URL."""
        host = self._url.host or self._url.query.get("host") or "localhost"
        return f"{host if isinstance(host, str) else host[0]}/{self._url.database or ''}"

    def do(self, work: Callable[[Connection], T]) -> T:
        """What ``work`` gives, in a transaction of its own. It may be done more than once: a commit whose answer was
        lost is made again, so it must bear that.

        Raises:
            AblateError: the database stayed away for longer than it is waited for, or refuses.
        """
        until, pause = 0.0, FIRST_PAUSE
        while True:
            try:
                with self._engine.begin() as connection:
                    found = work(connection)
            except DBAPIError as error:
                now = time.monotonic()
                reason = self._reason(error)
                if not _passes(error):
                    raise AblateError(f"database {self.name}: {reason}; check --storage, its user and rights") from None
                if not until:
                    until = now + (self._patience if self._opened else min(OPENING_PATIENCE, self._patience))
                    self._say(f"database {self.name} is lost ({reason}); trying again for {until - now:.0f} s")
                if now + pause > until:
                    self._patience = 0.0  # whoever cleans up need not wait as long again
                    raise AblateError(
                        f"database {self.name} cannot be reached ({reason}); "
                        "every finished run is kept: start the same command again when it is there"
                    ) from None
                self._wait.wait(pause)
                pause = min(2 * pause, LONGEST_PAUSE)
                continue
            self._opened = True
            if until:
                self._say(f"database {self.name} is there again")
            return found

    def close(self) -> None:
        """Let go of all connections."""
        self._engine.dispose()

    def _reason(self, error: DBAPIError) -> str:
        """What the driver says, on one line and without a password."""
        text = " ".join(str(error.orig).split())
        for secret in _secrets(self._url):
            text = text.replace(secret, "***")
        return text[:300]


def secrets_of(url: str) -> tuple[str, ...]:
    """The passwords that a URL holds; none where it is no URL."""
    try:
        return _secrets(make_url(url))
    except ArgumentError:
        return ()


def _secrets(url: URL) -> tuple[str, ...]:
    queried = url.query.get("password", ())
    found = (url.password, *((queried,) if isinstance(queried, str) else queried))
    return tuple(str(secret) for secret in found if secret)


def _checked(url: str) -> URL:
    """A URL of PostgreSQL, by psycopg 3.

    Raises:
        AblateError: it is another database's, or no URL. The message holds nothing of it but its kind.
    """
    try:
        found = make_url(url)
    except ArgumentError:
        raise AblateError(f"--storage is not the URL of a database; give {EXAMPLE}") from None
    if found.drivername in ("postgresql", "postgres"):
        found = found.set(drivername="postgresql+psycopg")
    if found.drivername != "postgresql+psycopg":
        raise AblateError(
            f"--storage: several machines share a study in PostgreSQL, not in {found.drivername}; give {EXAMPLE}"
        )
    return found


def _passes(error: DBAPIError) -> bool:
    """Whether it may work when it is done again."""
    state = getattr(error.orig, "sqlstate", None) or ""
    if state.startswith(LASTING):
        return False
    text = str(error.orig)
    if not state and ("password authentication failed" in text or "does not exist" in text):
        return False  # said while connecting, where psycopg gives no state
    return isinstance(error, OperationalError | InterfaceError) or error.connection_invalidated
