"""The database goes away: work is done again when it is back, or one line says so; no password is ever told."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from small_study import Seen, plan
from sqlalchemy import text

from ablate.errors import AblateError
from ablate.study import planfile, resolve
from ablate.study.cluster.database import Database
from ablate.study.conduct import study
from chaos.postgres import Server

SECRET = "hush-4711"


@pytest.fixture(scope="module")
def own() -> Iterator[Server]:
    """A server that may be stopped."""
    server = Server()
    yield server
    server.close()


def one(database: Database) -> int:
    return int(database.do(lambda connection: connection.execute(text("SELECT 1")).scalar_one()))


def test_a_lost_database_is_waited_for(own: Server):
    said: list[str] = []
    lost = threading.Event()

    def say(line: str) -> None:
        said.append(line)
        lost.set()

    with closing(Database(own.url, say)) as database:
        assert one(database) == 1
        own.stop()
        found: list[int] = []
        asking = threading.Thread(target=lambda: found.append(one(database)))
        asking.start()
        assert lost.wait(60)
        own.start()
        asking.join(60)
        assert found == [1]
    assert len(said) == 2
    assert said[0].startswith("database /")
    assert "is lost (" in said[0]
    assert said[0].endswith("); trying again for 300 s")
    assert said[1].endswith("is there again")


def test_a_database_that_stays_away_is_one_line(own: Server):
    with closing(Database(own.url, patience=0.5)) as database:
        assert one(database) == 1
        own.stop()
        try:
            for _ in range(2):  # the second time at once
                with pytest.raises(
                    AblateError, match=r"^database .* cannot be reached \(.*\); every finished run is k"
                ):
                    one(database)
        finally:
            own.start()


def test_a_mistake_is_not_waited_for(postgres: Server):
    with (
        closing(Database(postgres.url.replace("/postgres?", "/nowhere?"))) as database,
        pytest.raises(AblateError, match=r'database "nowhere" does not exist; check --storage, its user and rights$'),
    ):
        one(database)


def test_work_that_may_not_be_done_is_one_line(postgres: Server):
    with (
        closing(Database(postgres.url)) as database,
        pytest.raises(AblateError, match='relation "nothing" does not exist'),
    ):
        database.do(lambda connection: connection.execute(text("SELECT * FROM nothing")))


def test_nothing_of_half_a_piece_of_work_stays(postgres: Server):
    def half(connection) -> None:
        connection.execute(text("CREATE TABLE half (n integer)"))
        raise RuntimeError("in the middle")

    with closing(Database(postgres.url)) as database:
        with pytest.raises(RuntimeError):
            database.do(half)
        assert database.do(lambda c: c.execute(text("SELECT to_regclass('half')")).scalar()) is None


@pytest.mark.parametrize(
    ("url", "message"),
    [
        (
            f"sqlite:///{SECRET}.db",
            "^--storage: several machines share a study in PostgreSQL, not in sqlite; give postg",
        ),
        (f"mysql://ann:{SECRET}@db/x", "not in mysql; give postgresql"),
        (f"postgresql+psycopg2://ann:{SECRET}@db/x", r"not in postgresql\+psycopg2; give postgresql\+psycopg:"),
        (SECRET, "^--storage is not the URL of a database; give postgresql"),
        (f"postgresql+psycopg://ann:{SECRET}@127.0.0.1:1/x", r"^database 127\.0\.0\.1/x cannot be reached"),
        (f"postgresql://127.0.0.1:1/x?user=ann&password={SECRET}", r"^database 127\.0\.0\.1/x cannot be reached"),
    ],
)
def test_no_error_tells_a_password(url: str, message: str, capsys):
    said: list[str] = []
    with pytest.raises(AblateError, match=message) as raised, closing(Database(url, said.append, 0.3)) as database:
        one(database)
    chain: BaseException | None = raised.value
    while chain is not None:
        assert chain.__suppress_context__ or chain.__context__ is None  # a traceback would show no other error
        chain = chain.__cause__
    assert SECRET not in "".join([str(raised.value), *said, *capsys.readouterr()])


def test_no_file_or_line_of_a_study_tells_a_password(finished: Path, tmp_path, cache: Path, postgres: Server):
    """The server trusts everybody: any password is right."""
    url = postgres.url.replace("postgres@", f"postgres:{SECRET}@")
    seen = Seen()
    asked = plan(tmp_path / "out", cache, storage=url, name=str(tmp_path), workers=1, strategies=[], trials=1, seeds=1)
    study(asked, seen)
    assert len(seen.fresh) > 0
    assert SECRET not in "\n".join([repr(asked), str(asked), asked.model_dump_json(), *seen.said])
    files = [path for path in (tmp_path / "out").rglob("*") if path.is_file()]
    assert len(files) > 10
    for path in files:
        assert SECRET.encode() not in path.read_bytes(), path
    assert "storage" not in planfile.read(tmp_path / "out" / resolve.FILE)
    with closing(Database(postgres.url)) as database:
        kept = database.do(lambda c: c.execute(text("SELECT plan, identities FROM ablate_study")).all())
        assert SECRET not in str(kept)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"workers": 0}, "workers 0 leaves the runs to workers elsewhere; give --storage, or 1 or more"),
        ({"storage": "postgresql://db/x", "keep_weights": True}, "weights do not travel through --storage"),
        ({"storage": 7}, "storage"),
        ({"grace": 0.5}, "grace"),
    ],
)
def test_options_that_do_not_go_together(changes: dict, message: str, tmp_path, cache: Path):
    with pytest.raises(AblateError, match=message):
        plan(tmp_path / "out", cache, **changes)
