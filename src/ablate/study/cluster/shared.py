"""A study in a database: its plan, what identifies its runs, its records and the files that they share.

Records travel here and not through a shared folder: a worker has the database by definition, and a record and the end
of its lease are one transaction (docs/decisions).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, text

from ablate.errors import AblateError, near
from ablate.results.record import Body, key_of
from ablate.results.whole import write_whole
from ablate.study.cluster.database import Database

TABLES = (
    """CREATE TABLE IF NOT EXISTS ablate_study (
        name text PRIMARY KEY, plan text NOT NULL, identities text NOT NULL, truth text NOT NULL,
        runs integer NOT NULL, steps integer NOT NULL, grace double precision NOT NULL)""",
    """CREATE TABLE IF NOT EXISTS ablate_file (
        study text REFERENCES ablate_study, name text, data bytea NOT NULL, PRIMARY KEY (study, name))""",
    """CREATE TABLE IF NOT EXISTS ablate_record (
        study text REFERENCES ablate_study, key text, body text NOT NULL, arrays bytea, holder text NOT NULL,
        PRIMARY KEY (study, key))""",
    """CREATE TABLE IF NOT EXISTS ablate_lease (
        study text REFERENCES ablate_study, key text, arm text NOT NULL, what text NOT NULL, holder text NOT NULL,
        attempt integer NOT NULL, expires timestamptz NOT NULL, since timestamptz NOT NULL,
        step integer NOT NULL DEFAULT 0, reason text NOT NULL DEFAULT '', PRIMARY KEY (study, key))""",
)
LOCK = "SELECT pg_advisory_xact_lock(hashtext('ablate'))"
SHARED_FILES = ("truth-*.npz", "standardiser-*.npz")


@dataclass(frozen=True)
class Published:
    """What a worker has to know of a study.

    ``plan`` is the text of its study.toml, ``identities`` are those of each arm's first confirming run and of each
    control, by name, ``truth`` is the id of the test labels, ``runs`` their number, ``grace`` the seconds without a
    heartbeat after which a worker counts as dead.
    """

    plan: str
    identities: Mapping[str, Any]
    truth: str
    runs: int
    steps: int
    grace: float

    def check(self, identities: Mapping[str, Any], name: str) -> None:
        """Refuse to make other runs than the study's under its names.

        Raises:
            AblateError: a run of the same name is another one here; the message names what differs.
        """
        for arm in self.identities.keys() & identities.keys():
            found = difference(identities[arm], self.identities[arm])
            if found is not None:
                path, here, there = found
                raise AblateError(
                    f"study '{name}': {path} of '{arm}' is {here} here and {there} in the database; "
                    "give the same versions, data, weights and plugins, or another name"
                )


class SharedStudy:
    """One study in a database, by name."""

    def __init__(self, database: Database, name: str) -> None:
        self.database, self.name = database, name

    def publish(self, published: Published) -> None:
        """Put the study there, or extend the one that is there.

        Raises:
            AblateError: another study has this name.
        """

        def put(connection: Connection) -> None:
            connection.execute(text(LOCK))  # two drivers that start at once
            for table in TABLES:
                connection.execute(text(table))
            earlier = _read(connection, self.name)
            if earlier is not None:
                earlier.check(published.identities, self.name)
            connection.execute(
                text(
                    "INSERT INTO ablate_study VALUES (:name, :plan, :identities, :truth, :runs, :steps, :grace) "
                    "ON CONFLICT (name) DO UPDATE SET plan = excluded.plan, identities = excluded.identities, "
                    "truth = excluded.truth, runs = excluded.runs, grace = excluded.grace"
                ),
                {**vars(published), "name": self.name, "identities": json.dumps(dict(published.identities))},
            )

        self.database.do(put)

    def find(self) -> Published | None:
        """What was published, None where nothing was."""
        return self.database.do(lambda connection: _read(connection, self.name))

    def read(self) -> Published:
        """What was published.

        Raises:
            AblateError: no study has this name; the message has those that are there.
        """
        found = self.find()
        if found is None:
            there = self.database.do(names)
            listed = f"it has {', '.join(there)}" if there else "it has none"
            raise AblateError(
                f"database {self.database.name} has no study '{self.name}'{near(self.name, there)} ({listed}); "
                "start one with: python -m ablate study ... --storage URL"
            )
        return found

    def holders(self) -> dict[str, str]:
        """Who made it, by the key of each record that is there."""
        return self.database.do(
            lambda connection: {row.key: row.holder for row in _select(connection, "key, holder", self.name)}
        )

    def bodies(self, keys: Iterable[str]) -> dict[str, Body]:
        """The bodies of these records, by key.

        Raises:
            AblateError: one does not carry its own key.
        """
        wanted = list(keys)
        if not wanted:
            return {}
        asked = text("SELECT key, body FROM ablate_record WHERE study = :study AND key = ANY(:keys)")
        told = {"study": self.name, "keys": wanted}
        found = self.database.do(
            lambda connection: {row.key: json.loads(row.body) for row in connection.execute(asked, told)}
        )
        for key, body in found.items():
            if body["key"] != key or key_of(body["identity"]) != key:
                raise AblateError(f"database {self.database.name}: record {key} is not that of its identity; delete it")
        return found

    def fetch(self, key: str, folder: Path) -> None:
        """Write a record into a folder, byte for byte as it was made: arrays first, the body last."""

        def get(connection: Connection) -> tuple[str, bytes | None]:
            row = connection.execute(
                text("SELECT body, arrays FROM ablate_record WHERE study = :study AND key = :key"),
                {"study": self.name, "key": key},
            ).one()
            return row.body, row.arrays

        body, arrays = self.database.do(get)
        if arrays is not None:
            write_whole(folder / f"{key}.npz", bytes(arrays))
        write_whole(folder / f"{key}.json", body.encode())

    def put_back(self, keys: Iterable[str], folder: Path) -> None:
        """Take records of a folder over that are not there yet."""
        for key in keys:
            body, arrays = contents(folder, key)

            def put(connection: Connection, key: str = key, body: str = body, arrays: bytes | None = arrays) -> None:
                insert(connection, self.name, key, body, arrays, "")

            self.database.do(put)

    def remove(self, keys: Iterable[str]) -> None:
        """Forget records, so that their runs are made again."""
        wanted = list(keys)

        def drop(connection: Connection) -> None:
            connection.execute(
                text("DELETE FROM ablate_record WHERE study = :study AND key = ANY(:keys)"),
                {"study": self.name, "keys": wanted},
            )

        self.database.do(drop)

    def count(self, runs: int) -> None:
        """Correct the number of runs."""
        asked = text("UPDATE ablate_study SET runs = :runs WHERE name = :name")
        self.database.do(lambda connection: connection.execute(asked, {"runs": runs, "name": self.name}))

    def put_files(self, folder: Path) -> None:
        """Keep what records refer to: test labels, and what vectors were standardised with."""
        for path in (path for pattern in SHARED_FILES for path in sorted(folder.glob(pattern))):
            data = path.read_bytes()

            def put(connection: Connection, name: str = path.name, data: bytes = data) -> None:
                connection.execute(
                    text("INSERT INTO ablate_file VALUES (:study, :name, :data) ON CONFLICT DO NOTHING"),
                    {"study": self.name, "name": name, "data": data},
                )

            self.database.do(put)

    def fetch_files(self, folder: Path) -> None:
        """Write those files into a folder that lacks them."""

        def get(connection: Connection) -> list[tuple[str, bytes]]:
            asked = text("SELECT name, data FROM ablate_file WHERE study = :study")
            return [(row.name, bytes(row.data)) for row in connection.execute(asked, {"study": self.name})]

        for name, data in self.database.do(get):
            if not (folder / name).exists():
                write_whole(folder / name, data)


def contents(folder: Path, key: str) -> tuple[str, bytes | None]:
    """Body and packed arrays of a record, as they stand in a folder."""
    arrays = folder / f"{key}.npz"
    return (folder / f"{key}.json").read_text("utf-8"), arrays.read_bytes() if arrays.exists() else None


def insert(connection: Connection, study: str, key: str, body: str, arrays: bytes | None, holder: str) -> None:
    """Keep a record; one that is there stays as it is."""
    connection.execute(
        text("INSERT INTO ablate_record VALUES (:study, :key, :body, :arrays, :holder) ON CONFLICT DO NOTHING"),
        {"study": study, "key": key, "body": body, "arrays": arrays, "holder": holder},
    )


def difference(here: Any, there: Any, path: str = "") -> tuple[str, str, str] | None:
    """The first place at which two JSON values differ: its path and both values; None where they are the same."""
    if isinstance(here, dict) and isinstance(there, dict):
        for key in sorted(here.keys() | there.keys()):
            found = difference(here.get(key), there.get(key), f"{path}.{key}" if path else key)
            if found is not None:
                return found
        return None
    return None if here == there else (path, json.dumps(here)[:80], json.dumps(there)[:80])


def _read(connection: Connection, name: str) -> Published | None:
    if not _there(connection):
        return None
    row = connection.execute(text("SELECT * FROM ablate_study WHERE name = :name"), {"name": name}).one_or_none()
    if row is None:
        return None
    return Published(row.plan, json.loads(row.identities), row.truth, row.runs, row.steps, row.grace)


def names(connection: Connection) -> list[str]:
    """The studies of a database."""
    if not _there(connection):
        return []
    return [row.name for row in connection.execute(text("SELECT name FROM ablate_study ORDER BY name"))]


def _there(connection: Connection) -> bool:
    return connection.execute(text("SELECT to_regclass('ablate_study')")).scalar() is not None


def _select(connection: Connection, columns: str, study: str) -> Any:
    return connection.execute(text(f"SELECT {columns} FROM ablate_record WHERE study = :study"), {"study": study})
