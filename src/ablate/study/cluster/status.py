"""How far a study in a database is."""

from __future__ import annotations

from contextlib import closing

from ablate.errors import AblateError
from ablate.study.cluster.database import Database
from ablate.study.cluster.leases import Leases
from ablate.study.cluster.shared import SharedStudy, names
from ablate.study.status import Running, Status, status


def of_database(url: str, name: str | None) -> Status:
    """How far a study is; the name may be left out where there is one study.

    Raises:
        AblateError: there is no such study, or there are several and no name was given.
    """
    with closing(Database(url, patience=5)) as database:
        there = database.do(names)
        if name is None and len(there) != 1:
            listed = f"the studies {', '.join(there)}; name one with --study" if there else "no study"
            raise AblateError(f"database {database.name} has {listed}")
        shared = SharedStudy(database, name or there[0])
        published = shared.read()
        bodies = list(shared.bodies(shared.holders()).values())
        running = tuple(
            Running(one.arm, one.what, one.step, one.seconds, one.holder, one.attempt, one.alive)
            for one in Leases(shared, published.grace).all()
        )
        alive = sum(one.alive for one in running)
        return status(shared.name, bodies, published.runs, running, alive, published.steps)
