"""Who makes which run: a row for each run in the making, which its worker has to renew.

All times are the database's. A lease that was not renewed is taken over by whoever asks next; a record is kept only
together with the end of its maker's own lease, in one transaction, so a worker that was thought dead and wakes changes
nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, text

from ablate.study.cluster.shared import SharedStudy, insert
from ablate.study.schedule import Task

#: A lease that was given back is free at once. One that was not renewed is, unless nobody could renew it: for some
#: seconds after the database was started (``:settle``) its holders are still finding out that it is there.
FREE = (
    "(expires = '-infinity' OR (expires < clock_timestamp() "
    "AND pg_postmaster_start_time() + make_interval(secs => :settle) < clock_timestamp()))"
)
OWN = "study = :study AND key = :key AND holder = :holder AND attempt = :attempt"


@dataclass(frozen=True)
class Lease:
    """A run that ``holder`` makes; ``attempt`` counts its workers from 1, ``reason`` says how the last one ended."""

    key: str
    holder: str
    attempt: int
    reason: str


@dataclass(frozen=True)
class Held:
    """A lease as others see it; ``alive`` says whether it was renewed in time, ``seconds`` for how long it runs."""

    key: str
    arm: str
    what: str
    holder: str
    attempt: int
    step: int
    seconds: float
    alive: bool


class Leases:
    """The leases of one study.

    ``grace`` is for how many seconds one holds without being renewed, ``settle`` (the same, unless given) for how long
    none is taken over after the database was started.
    """

    def __init__(self, shared: SharedStudy, grace: float, settle: float | None = None) -> None:
        self._shared, self.grace = shared, grace
        self._settle = grace if settle is None else settle

    def all(self) -> list[Held]:
        """Every run that is in the making, the oldest first."""
        asked = text(
            "SELECT key, arm, what, holder, attempt, step, "
            "extract(epoch FROM clock_timestamp() - since)::double precision AS seconds, "
            f"NOT {FREE} AS alive FROM ablate_lease WHERE study = :study ORDER BY since, key"
        )
        return self._shared.database.do(
            lambda connection: [
                Held(**row)
                for row in connection.execute(asked, {"study": self._shared.name, "settle": self._settle}).mappings()
            ]
        )

    def claim(self, task: Task, holder: str) -> Lease | None:
        """A run for this holder, None where another holds it or has made it."""
        asked = text(
            "INSERT INTO ablate_lease AS held (study, key, arm, what, holder, attempt, expires, since) VALUES "
            "(:study, :key, :arm, :what, :holder, 1, clock_timestamp() + make_interval(secs => :grace), "
            "clock_timestamp()) ON CONFLICT (study, key) DO UPDATE SET holder = excluded.holder, step = 0, "
            "attempt = held.attempt + 1, expires = excluded.expires, since = excluded.since "
            f"WHERE {FREE.replace('expires', 'held.expires')} RETURNING attempt, reason"
        )

        def take(connection: Connection) -> Lease | None:
            told = {"arm": task.arm, "what": task.what, "holder": holder, "grace": self.grace, "settle": self._settle}
            row = connection.execute(asked, {**self._of(task.key), **told}).one_or_none()
            if row is None:
                return None
            lease = Lease(task.key, holder, row.attempt, row.reason)
            # asked after the lease is ours: a record and the end of the lease before it came as one
            made = text("SELECT 1 FROM ablate_record WHERE study = :study AND key = :key")
            if connection.execute(made, self._of(task.key)).one_or_none() is None:
                return lease
            self._drop(connection, lease)
            return None

        return self._shared.database.do(take)

    def renew(self, lease: Lease, step: int) -> bool:
        """Say that a run goes on; False where it is another's by now."""
        asked = text(
            "UPDATE ablate_lease SET expires = clock_timestamp() + make_interval(secs => :grace), step = :step "
            f"WHERE {OWN}"
        )
        told = {**self._own(lease), "grace": self.grace, "step": step}
        return self._shared.database.do(lambda connection: connection.execute(asked, told).rowcount == 1)

    def finish(self, lease: Lease, body: str, arrays: bytes | None) -> bool:
        """Keep a record and end its lease, both or neither; False where the run was another's by then."""

        def end(connection: Connection) -> bool:
            if not self._drop(connection, lease):
                # the answer to the same commit may have been lost with the database
                made = text("SELECT holder FROM ablate_record WHERE study = :study AND key = :key")
                return connection.execute(made, self._of(lease.key)).scalar() == lease.holder
            insert(connection, self._shared.name, lease.key, body, arrays, lease.holder)
            return True

        return self._shared.database.do(end)

    def release(self, lease: Lease, reason: str, died: bool) -> None:
        """Give a run back, to be taken at once; ``died`` counts the attempt, as a worker's death does."""
        asked = text(
            "UPDATE ablate_lease SET expires = '-infinity', attempt = attempt - :uncounted, reason = :reason "
            f"WHERE {OWN}"
        )
        told = {**self._own(lease), "reason": reason, "uncounted": 0 if died else 1}
        self._shared.database.do(lambda connection: connection.execute(asked, told))

    def release_all(self, holder: str, reason: str, died: bool) -> None:
        """Give back whatever a worker held that is known to be gone."""
        for held in self.all():
            if held.holder == holder and held.alive:
                self.release(Lease(held.key, holder, held.attempt, ""), reason, died)

    def _drop(self, connection: Connection, lease: Lease) -> bool:
        return connection.execute(text(f"DELETE FROM ablate_lease WHERE {OWN}"), self._own(lease)).rowcount == 1

    def _of(self, key: str) -> dict[str, Any]:
        return {"study": self._shared.name, "key": key}

    def _own(self, lease: Lease) -> dict[str, Any]:
        return {**self._of(lease.key), "holder": lease.holder, "attempt": lease.attempt}
