"""A study that several workers make through PostgreSQL: the records and the board of one."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from small_study import ARMS, CONTROLS, RUNS_OF_ARM, Seen, bodies, contents, plan, timeless

from ablate.errors import AblateError
from ablate.results.record import Records, same
from ablate.study.cluster import engine, member
from ablate.study.cluster.database import Database
from ablate.study.cluster.member import Order, work
from ablate.study.cluster.shared import SharedStudy
from ablate.study.conduct import study
from chaos.postgres import Server

RUNS = ARMS * RUNS_OF_ARM + CONTROLS


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever waits looks often."""
    monkeypatch.setattr(member, "POLL_SECONDS", 0.05)
    monkeypatch.setattr(engine, "LOOK_SECONDS", 0.05)


@pytest.fixture
def name(tmp_path: Path) -> str:
    """A study's name that no other test has."""
    return str(tmp_path)


def drive(out: Path, cache: Path, postgres: Server, name: str, **changes: Any) -> Seen:
    seen = Seen()
    study(plan(out, cache, **{"storage": postgres.url, "name": name, "workers": 0, **changes}), seen)
    return seen


def order(cache: Path, postgres: Server, name: str, out: Path | None = None, **own: Any) -> Order:
    return Order(postgres.url, name, {"cache": str(cache), "threads": 1, **own}, str(out) if out else None)


def put(finished: Path, cache: Path, postgres: Server, name: str) -> None:
    """A finished study of this name in the database."""
    folder = Path(name) / "put"
    shutil.copytree(finished, folder)
    assert drive(folder, cache, postgres, name).fresh == []


def the_same(one: Path, other: Path) -> bool:
    """Whether two folders hold the same runs, their arrays included."""
    a, b = Records(one / "records"), Records(other / "records")
    found = {body["key"]: body for body in b.all()}
    arrays = [{path.name: path.read_bytes() for path in sorted(r.folder.glob("*.npz"))} for r in (a, b)]
    return (
        arrays[0] == arrays[1]
        and {body["key"] for body in a.all()} == found.keys()
        and all(same(body, found[body["key"]]) for body in a.all())
    )


def test_two_workers_elsewhere_make_the_study_of_one_process(
    finished: Path, tmp_path, cache: Path, postgres: Server, name: str
):
    driver, with_out = tmp_path / "driver", tmp_path / "worker"
    published = threading.Event()
    seen: list[Seen] = []

    class Waiting(Seen):
        def say(self, text: str) -> None:
            super().say(text)
            if "--study" in text:
                published.set()

    def drive_it() -> None:
        seen.append(Waiting())
        study(plan(driver, cache, storage=postgres.url, name=name, workers=0), seen[0])

    thread = threading.Thread(target=drive_it)
    thread.start()
    assert published.wait(240)
    options = ["--study", name, "--cache", str(cache), "--threads", "1"]
    crew = [
        subprocess.Popen(
            [sys.executable, "-m", "ablate", "worker", *options, *more],
            env={**os.environ, "OMP_NUM_THREADS": "1", "ABLATE_STORAGE": postgres.url},
            stdout=subprocess.PIPE,
            text=True,
        )
        for more in (["--out", str(with_out)], [])
    ]
    said = [worker.communicate(timeout=240)[0].splitlines() for worker in crew]
    thread.join(240)
    assert not thread.is_alive()
    assert [worker.returncode for worker in crew] == [0, 0]
    made = [line for lines in said for line in lines if line.startswith("made ")]
    assert len(made) == len(set(made)) == len(seen[0].fresh) == RUNS
    assert not any(line.startswith("left ") for lines in said for line in lines)
    assert the_same(driver, finished)
    assert the_same(with_out, driver)
    assert timeless(driver) == timeless(with_out)
    assert timeless(driver)["rows"] == timeless(finished)["rows"]


def test_a_folder_is_filled_from_the_database_and_the_database_from_a_folder(
    finished: Path, tmp_path, cache: Path, postgres: Server, name: str
):
    put(finished, cache, postgres, name)
    seen = drive(tmp_path / "elsewhere", cache, postgres, name)
    assert (seen.fresh, len(seen.resumed)) == ([], RUNS)
    assert the_same(tmp_path / "elsewhere", finished)
    one, other = contents(finished / "records"), contents(tmp_path / "elsewhere" / "records")
    assert {n: data for n, (_, data) in one.items()} == {n: data for n, (_, data) in other.items()}


def test_a_worker_on_a_finished_study_makes_nothing_and_fills_its_folder(
    finished: Path, tmp_path, cache: Path, postgres: Server, name: str
):
    put(finished, cache, postgres, name)
    said: list[str] = []
    work(order(cache, postgres, name, tmp_path / "out"), said.append)
    assert said == []
    assert the_same(tmp_path / "out", finished)
    assert timeless(tmp_path / "out")["rows"] == timeless(finished)["rows"]


def test_more_seeds_are_the_missing_runs_alone(finished: Path, tmp_path, cache: Path, postgres: Server, name: str):
    put(finished, cache, postgres, name)
    seen = drive(tmp_path / "more", cache, postgres, name, seeds=3, workers=1)
    assert [(b["arm"], b["identity"]["seed"]) for b in seen.fresh] == [("baseline", 2), ("as-asked", 2), ("focal", 2)]


def test_a_worker_goes_on_with_a_study_that_is_extended_meanwhile(
    finished: Path, tmp_path, cache: Path, postgres: Server, name: str
):
    put(finished, cache, postgres, name)
    said: list[str] = []
    with closing(Database(postgres.url)) as database:
        shared = SharedStudy(database, name)
        published = shared.read()
        more = replace(published, plan=published.plan.replace("seeds = 2", "seeds = 3"))
        assert more != published
        work(order(cache, postgres, name), said.append, lambda holder: shared.publish(more))
    assert [line.partition(" [")[0] for line in said if line.startswith("made")] == [
        f"made {arm}, fresh seed 2" for arm in ("baseline", "as-asked", "focal")
    ]


def test_failed_runs_alone_are_made_again(finished: Path, tmp_path, cache: Path, postgres: Server, name: str):
    out = tmp_path / "small"
    shutil.copytree(finished, out)
    key = fail(out, "focal")
    assert drive(out, cache, postgres, name).fresh == []
    seen = drive(out, cache, postgres, name, failed=True, workers=1)
    assert [b["key"] for b in seen.fresh] == [key]
    assert the_same(out, finished)


def fail(out: Path, arm: str) -> str:
    """Turn a confirming run into one that has failed; gives its key."""
    records = Records(out / "records")
    body = next(b for b in records.all() if b["arm"] == arm and b["identity"]["phase"] == "confirm")
    (records.folder / f"{body['key']}.npz").unlink()
    kept = {k: v for k, v in body.items() if k not in ("test", "arrays")}
    records.write({**kept, "status": "failed", "reason": "the worker died three times: signal 9", "validation": {}})
    return body["key"]


@pytest.mark.parametrize(
    ("own", "message"),
    [
        (
            {"documents": 500},
            "data 'quickstart' is not what the study was planned on: its sha256 is .*; give the same file",
        ),
        (
            {"steps": 50},
            r"steps of '.*' is 50 here and 25 in the database; give the same versions, data, weights and plu",
        ),
    ],
)
def test_a_machine_that_would_make_other_runs_is_refused(
    own: dict, message: str, finished: Path, tmp_path, cache: Path, postgres: Server, name: str
):
    put(finished, cache, postgres, name)
    with pytest.raises(AblateError, match=message):
        work(order(cache, postgres, name, **own), print)


def test_another_study_of_the_name_is_refused(finished: Path, tmp_path, cache: Path, postgres: Server, name: str):
    put(finished, cache, postgres, name)
    with pytest.raises(AblateError, match="steps is 25 there and 50 here"):
        drive(tmp_path / "other", cache, postgres, name, steps=50)
    folder = tmp_path / "another"
    shutil.copytree(finished, folder)
    text = (folder / "study.toml").read_text()
    (folder / "study.toml").write_text(text.replace("steps = 25", "steps = 50"))
    with pytest.raises(AblateError, match=r"steps of '.*' is 50 here and 25 in the database"):
        drive(folder, cache, postgres, name, steps=50)


def test_a_study_that_is_not_there_is_named_with_those_that_are(
    finished: Path, cache: Path, postgres: Server, name: str
):
    put(finished, cache, postgres, name)
    with pytest.raises(AblateError, match=r"has no study '.*x'; did you mean '.*'\? \(it has .*\); start one with"):
        work(order(cache, postgres, name + "x"), print)


def test_a_worker_without_anyone_to_drive_ends_what_a_driver_left(
    finished: Path, tmp_path, cache: Path, postgres: Server, name: str
):
    """The driver publishes and goes; a worker alone computes what is ready after each of its runs."""
    out = tmp_path / "small"
    shutil.copytree(finished, out)
    lacking = [b["key"] for b in bodies(out) if b["arm"] == "focal"]
    put(finished, cache, postgres, name)
    database = Database(postgres.url)
    SharedStudy(database, name).remove(lacking)
    said: list[str] = []
    work(order(cache, postgres, name, tmp_path / "whole"), said.append)
    assert len([line for line in said if line.startswith("made focal, ")]) == len(lacking) == RUNS_OF_ARM
    assert the_same(tmp_path / "whole", finished)
    database.close()
