"""Who makes which run, with a clock that is the database's: takeover, late wakers, lost answers."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import text

from ablate.results.record import canonical, key_of
from ablate.study.cluster.database import Database
from ablate.study.cluster.heart import Heart, LostError
from ablate.study.cluster.leases import Lease, Leases
from ablate.study.cluster.shared import Published, SharedStudy, difference
from ablate.study.schedule import Task
from ablate.study.workers import DEATHS
from chaos.postgres import Server

GRACE = 3600.0
IDENTITY = {"phase": "tune", "seed": 0}
KEY = key_of(IDENTITY)
TASK = Task("focal", "tune", 1000, KEY, trial=0)
BODY = canonical({"key": KEY, "identity": IDENTITY, "status": "finished"})


@pytest.fixture
def shared(postgres: Server, tmp_path: Path) -> Iterator[SharedStudy]:
    with closing(Database(postgres.url)) as database:
        found = SharedStudy(database, str(tmp_path))
        found.publish(Published("", {}, "", 1, 25, GRACE))
        yield found


@pytest.fixture
def leases(shared: SharedStudy) -> Leases:
    return Leases(shared, GRACE, settle=0)


@pytest.fixture
def die(shared: SharedStudy) -> Callable[[], None]:
    """Lets the grace period of every lease pass, as the database's clock sees it."""

    def pass_by() -> None:
        asked = text("UPDATE ablate_lease SET expires = clock_timestamp() - interval '1 s' WHERE study = :study")
        shared.database.do(lambda connection: connection.execute(asked, {"study": shared.name}))

    return pass_by


def claimed(leases: Leases, holder: str) -> Lease:
    lease = leases.claim(TASK, holder)
    assert lease is not None
    return lease


def test_a_run_has_one_worker(leases: Leases):
    lease = claimed(leases, "a")
    assert leases.claim(TASK, "b") is None
    assert leases.claim(TASK, "a") is None
    (held,) = leases.all()
    assert (held.key, held.arm, held.what, held.holder, held.attempt, held.alive) == (
        *(KEY, "focal", "trial 0", "a", 1),
        True,
    )
    assert leases.renew(lease, 7)
    assert leases.all()[0].step == 7


def test_a_finished_run_is_never_handed_out_again(leases: Leases, shared: SharedStudy):
    assert leases.finish(claimed(leases, "a"), BODY, b"arrays")
    assert leases.claim(TASK, "b") is None
    assert leases.all() == []
    assert shared.holders() == {KEY: "a"}
    assert shared.bodies([KEY]) == {KEY: json.loads(BODY)}


def test_a_dead_workers_run_is_taken_over_and_the_waker_changes_nothing(
    leases: Leases, shared: SharedStudy, die: Callable[[], None]
):
    stopped = claimed(leases, "a")
    die()
    taken = claimed(leases, "b")
    assert (taken.attempt, taken.holder) == (2, "b")
    assert not leases.renew(stopped, 9)
    assert not leases.finish(stopped, BODY.replace("finished", "failed"), None)
    assert shared.holders() == {}
    assert leases.finish(taken, BODY, None)
    assert not leases.finish(stopped, BODY.replace("finished", "failed"), None)
    assert shared.bodies([KEY])[KEY]["status"] == "finished"


def test_a_worker_that_was_late_but_not_replaced_keeps_its_run(leases: Leases, die: Callable[[], None]):
    lease = claimed(leases, "a")
    die()
    assert leases.renew(lease, 3)
    assert leases.claim(TASK, "b") is None


def test_the_same_worker_that_takes_its_own_dead_run_again_has_another_lease(leases: Leases, die: Callable[[], None]):
    first = claimed(leases, "a")
    die()
    second = claimed(leases, "a")
    assert not leases.renew(first, 1)
    assert leases.renew(second, 1)


def test_a_commit_whose_answer_was_lost_counts(leases: Leases, shared: SharedStudy):
    lease = claimed(leases, "a")
    assert leases.finish(lease, BODY, None)
    assert leases.finish(lease, BODY, None)  # as it is done again when the connection breaks before the answer
    assert list(shared.holders()) == [KEY]


def test_deaths_are_counted_and_giving_back_is_none(leases: Leases, die: Callable[[], None]):
    leases.release(claimed(leases, "a"), "stopped", died=False)
    assert claimed(leases, "b").attempt == 1
    die()
    for number in range(2, DEATHS + 1):
        lease = claimed(leases, f"w{number}")
        assert lease.attempt == number
        leases.release(lease, "signal 9", died=True)
    last = claimed(leases, "z")
    assert (last.attempt, last.reason) == (DEATHS + 1, "signal 9")


def test_what_a_dead_worker_held_is_free_at_once(leases: Leases):
    claimed(leases, "a")
    leases.release_all("b", "signal 9", died=True)
    assert leases.claim(TASK, "c") is None
    leases.release_all("a", "signal 9", died=True)
    assert claimed(leases, "c").attempt == 2


def test_nobody_counts_as_dead_while_a_database_has_just_been_started(
    leases: Leases, shared: SharedStudy, die: Callable[[], None]
):
    """Its holder could not renew it; a run that was given back is free all the same."""
    lease = claimed(leases, "a")
    die()
    started = Leases(shared, GRACE)  # the server of the tests was started within the hour
    assert started.claim(TASK, "b") is None
    assert started.all()[0].alive
    assert started.renew(lease, 3)
    started.release(lease, "stopped", died=False)
    assert not started.all()[0].alive
    assert started.claim(TASK, "b") is not None


def test_a_heart_keeps_a_lease_and_stops_a_run_that_is_lost(
    shared: SharedStudy, leases: Leases, die: Callable[[], None], monkeypatch: pytest.MonkeyPatch
):
    quick = Leases(shared, 0.04, settle=0)  # a beat every 10 ms
    with Heart(quick, claimed(leases, "a")) as heart:
        heart.step(5)
        while leases.all()[0].step != 5:
            pass
        die()
        taken = None
        while taken is None:  # heartbeats may win some of these races
            die()
            taken = leases.claim(TASK, "b")
        heart._thread.join(60)
        with pytest.raises(LostError):
            heart.step(6)
    assert leases.finish(taken, BODY, None)


def test_a_record_that_is_not_that_of_its_identity_is_named(leases: Leases, shared: SharedStudy):
    from ablate.errors import AblateError

    assert leases.finish(claimed(leases, "a"), BODY.replace('"seed":0', '"seed":1'), None)
    with pytest.raises(AblateError, match=f"record {KEY} is not that of its identity; delete it"):
        shared.bodies([KEY])


def test_where_two_values_differ():
    assert difference({"a": {"b": [1], "c": 2}}, {"a": {"b": [1], "c": 2}}) is None
    assert difference({"a": {"b": [1], "c": 2}}, {"a": {"b": [1], "c": 3}}) == ("a.c", "2", "3")
    assert difference({"a": 1}, {}) == ("a", "1", "null")
