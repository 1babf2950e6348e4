"""Runs in other processes: the same records, workers that die, drivers that are stopped."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
from small_study import ARMS, CONTROLS, RUNS_OF_ARM, Seen, bodies, contents, plan, rows, timeless

from ablate.errors import AblateError
from ablate.results.record import Records, same
from ablate.study import workers
from ablate.study.conduct import schedule_of, study
from ablate.study.ready import prepare
from ablate.study.schedule import Schedule
from ablate.study.view import View
from ablate.study.workbench import Workbench

BOUND_SECONDS = 240

# A worker that finds its runs in another folder instead of making them, and dies where it is told to.
FINDING = """import json, os, shutil, signal, sys
from pathlib import Path

def tell(**message):
    print(json.dumps(message), flush=True)

made, before, after = Path({made!r}), {before!r}, {after!r}
records = Path(json.loads(sys.stdin.readline())["plan"]["out"]) / "records"
tell(kind="ready")
for line in sys.stdin:
    task = json.loads(line)
    tell(kind="point", macro=0.25, micro=0.5)
    if task["key"] == before:
        (records / f".half.npz.{{os.getpid()}}.tmp").write_bytes(b"half")
        os.kill(os.getpid(), signal.SIGKILL)
    for file in sorted(made.glob(task["key"] + ".*"), reverse=True):
        shutil.copy(file, records)
    if task["key"] == after:
        os.kill(os.getpid(), signal.SIGSEGV)
    tell(kind="done")
"""


class Lanes(Seen):
    """Keeps which worker did what."""

    def __init__(self) -> None:
        super().__init__()
        self.lanes: dict[int, Lanes] = {}
        self.begun: list[str] = []
        self.points: list[tuple[float, float]] = []

    def worker(self, number: int) -> View:
        return self.lanes.setdefault(number, Lanes())

    def begin(self, arm: str, what: str, steps: int) -> None:
        self.begun.append(f"{arm}, {what}")

    def point(self, macro: float, micro: float) -> None:
        self.points.append((macro, micro))


@pytest.fixture
def finding(finished: Path, monkeypatch: pytest.MonkeyPatch):
    """Makes workers find the runs of the finished study; says before and after which record one dies."""

    def put(before: str = "", after: str = "") -> None:
        code = FINDING.format(made=str(finished / "records"), before=before, after=after)
        monkeypatch.setattr(workers, "COMMAND", (sys.executable, "-c", code))

    return put


def focal(out: Path, trial: int) -> str:
    (key,) = (b["key"] for b in bodies(out) if (b["arm"], b["trial"]) == ("focal", trial))
    return key


def not_confirmed(out: Path) -> int:
    """The one of focal's two trials whose configuration was not selected."""
    (chosen,) = {
        str(b["parameters"]) for b in bodies(out) if b["arm"] == "focal" and b["identity"]["phase"] == "confirm"
    }
    return next(
        b["trial"]
        for b in bodies(out)
        if b["arm"] == "focal" and b["trial"] is not None and str(b["parameters"]) != chosen
    )


def test_two_workers_leave_the_records_and_the_board_of_one(finished: Path, tmp_path, cache: Path):
    seen = Lanes()
    study(plan(tmp_path / "small", cache, workers=2), seen)
    one, two = Records(finished / "records"), Records(tmp_path / "small" / "records")
    assert {b["key"] for b in two.all()} == {b["key"] for b in one.all()}
    for body in two.all():
        assert same(body, one.read(body["key"]))
        arrays = two.folder / f"{body['key']}.npz"
        assert not arrays.exists() or arrays.read_bytes() == (one.folder / arrays.name).read_bytes()
    assert timeless(tmp_path / "small") == timeless(finished)
    assert contents(tmp_path / "small")["study.toml"][1] == (finished / "study.toml").read_bytes()
    assert sum(len(lane.fresh) for lane in seen.lanes.values()) == ARMS * RUNS_OF_ARM + CONTROLS
    assert all(lane.fresh and lane.points for lane in seen.lanes.values())
    assert sorted(seen.lanes) == [0, 1]


def test_a_run_that_kills_its_worker_three_times_has_failed_and_the_study_goes_on(
    finished: Path, tmp_path, cache: Path, finding
):
    trial, out, seen = not_confirmed(finished), tmp_path / "small", Lanes()
    key = focal(finished, trial)
    finding(before=key)
    study(plan(out, cache, workers=2), seen)
    failed = Records(out / "records").read(key)
    assert (failed["status"], failed["reason"]) == ("failed", "the worker died three times: signal 9")
    assert (failed["trial"], failed["stability"]["verdict"]) == (trial, "failed")
    said = [line for line in seen.said if line.startswith(f"focal, trial {trial}: worker ")]
    assert len(said) == 2
    assert all(line.endswith("died (signal 9) and is started again") for line in said)
    others = {b["key"] for b in bodies(out)} - {key}
    lacking = {b["key"] for b in bodies(finished)} - others - {key}
    assert {b["status"] for b in bodies(out) if b["key"] in others} == {"finished"}
    # it is not rescored on two more seeds; all else is there
    assert [b["identity"]["phase"] for b in bodies(finished) if b["key"] in lacking] == ["tune", "tune"]
    assert rows(out)["focal"]["tuning"]["failed"] == 1
    assert list((out / "records").glob(".*")) == []  # what it had half written is gone

    finding()
    again = Seen()
    study(plan(out, cache, workers=2), again)
    assert again.fresh == []  # a failed run is a finished one


def test_a_worker_that_dies_with_its_record_written_has_made_its_run(finished: Path, tmp_path, cache: Path, finding):
    finding(after=focal(finished, 0))
    seen = Lanes()
    study(plan(tmp_path / "small", cache, workers=2), seen)
    assert timeless(tmp_path / "small") == timeless(finished)
    assert not any("died" in line for line in seen.said)
    assert sum(len(lane.fresh) for lane in seen.lanes.values()) == ARMS * RUNS_OF_ARM + CONTROLS


def test_workers_that_die_before_they_can_work_stop_the_study(tmp_path, cache: Path, monkeypatch):
    monkeypatch.setattr(workers, "COMMAND", (sys.executable, "-c", "raise SystemExit(7)"))
    with pytest.raises(AblateError, match=r"^workers died 3 times before they could work \(exit code 7\); give --work"):
        study(plan(tmp_path / "small", cache, workers=2), Seen())
    assert list((tmp_path / "small" / "records").glob("*.json")) == []  # no run has failed for it


@pytest.mark.parametrize(
    ("kind", "error", "match"), [("mistake", AblateError, "^the disk is full$"), ("fault", RuntimeError, "is full$")]
)
def test_what_stops_a_worker_stops_the_study(kind: str, error: type, match: str, tmp_path, cache: Path, monkeypatch):
    code = f"import json; print(json.dumps({{'kind': {kind!r}, 'text': 'the disk is full'}}), flush=True); input()"
    monkeypatch.setattr(workers, "COMMAND", (sys.executable, "-c", code))
    with pytest.raises(error, match=match):
        study(plan(tmp_path / "small", cache, workers=2), Seen())


def test_no_worker_is_started_where_nothing_is_missing(again: Path, cache: Path, monkeypatch):
    monkeypatch.setattr(workers, "COMMAND", ("/nowhere/at/all",))
    seen = Seen()
    study(plan(again, cache, workers=2), seen)
    assert (seen.fresh, len(seen.resumed)) == ([], seen.announced)


@pytest.fixture
def workbench(tmp_path, cache: Path) -> tuple[Workbench, Schedule]:
    ready = prepare(plan(tmp_path / "out", cache), Seen())
    made = ready.workbench("truth")
    return made, schedule_of(ready, made)


def test_a_worker_refuses_to_make_another_run_than_it_is_asked_for(workbench: tuple[Workbench, Schedule]):
    made, found = workbench
    task = replace(found.ready({})[0], key="0" * 64)
    with pytest.raises(AblateError, match=r"^baseline, trial 0: this worker would make another run than the study"):
        made.make(task, View())
    assert made.records.all() == []


def test_a_lost_run_and_a_lost_control_are_records_of_a_board(workbench: tuple[Workbench, Schedule]):
    made, found = workbench
    for task in found.ready({}):
        made.lose(task, "why")
        body = made.records.read(task.key)
        assert (body["status"], body["reason"], body["arm"], body["trial"]) == ("failed", "why", task.arm, task.trial)


SLOW = '''import os
import time
from dataclasses import dataclass
from pathlib import Path

from ablate.api import Loss, Strategy


@dataclass(frozen=True)
class Slow(Loss):
    """A run of half a minute and more, which says who makes it when its third step begins."""

    def __call__(self, logits, targets, weights, stats):
        if stats.progress > 0.07:
            Path(FOLDER, str(os.getpid())).touch()
            time.sleep(1.5)
        return super().__call__(logits, targets, weights, stats)


STRATEGIES = (Strategy("slow", loss=Slow()),)
'''


def wait_until(happened, process: subprocess.Popen | None = None) -> None:
    until = time.monotonic() + BOUND_SECONDS
    while not happened():
        assert process is None or process.poll() is None, "the study ended before the moment came"
        assert time.monotonic() < until, "the moment did not come"
        time.sleep(0.05)


def alive(pid: int) -> bool:
    """Whether a process runs: one that has ended and that nobody asked about does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@pytest.mark.parametrize("blow", [signal.SIGINT, signal.SIGKILL])
def test_workers_end_with_their_driver_and_nothing_finished_is_lost(
    blow: signal.Signals, again: Path, tmp_path, cache: Path
):
    marks, plugin = tmp_path / "marks", tmp_path / "slow.py"
    marks.mkdir()
    plugin.write_text(SLOW.replace("FOLDER", repr(str(marks))))
    before = contents(again / "records")
    options = ["--strategies", "focal,slow", "--plugin", str(plugin), "--cache", str(cache), "--workers", "2"]
    process = subprocess.Popen(
        [sys.executable, "-m", "ablate", "study", str(again / "study.toml"), *options],
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # ignored where tests run in the background
    )
    try:
        wait_until(lambda: len(list(marks.iterdir())) == 2, process)
    finally:
        process.send_signal(blow)
        said, complained = process.communicate(timeout=BOUND_SECONDS)
    pids = [int(mark.name) for mark in marks.iterdir()]
    assert process.pid not in pids
    if blow is signal.SIGINT:
        assert process.returncode == 130
        assert complained == "stopped; every finished run is kept: start the same command again to go on\n"
        assert not any(map(alive, pids))
    wait_until(lambda: not any(map(alive, pids)))
    assert "slow, trial" not in said
    assert contents(again / "records") == before
