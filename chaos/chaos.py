"""Disturbs a study until it is finished, and looks at what came of it."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ablate.study.cluster.database import Database
from ablate.study.cluster.leases import Held, Leases
from ablate.study.cluster.shared import SharedStudy
from ablate.study.workers import DEATHS
from chaos.crew import Log, Worker, command
from chaos.plan import Disturbance, options
from chaos.postgres import Server

STUDY = "chaos"
#: How often a worker is killed that is still starting, where none is in a run: to the study it makes no difference.
STARTING = 0.2


@dataclass
class Counted:
    """What was done to the study."""

    kills: int = 0
    kills_in_a_run: int = 0
    stops: int = 0
    stops_past_grace: int = 0
    restarts_of_the_database: int = 0
    kills_of_the_driver: int = 0
    full_disk: str = ""
    refusals: list[str] = field(default_factory=list)


def undisturbed(disturbance: Disturbance, folder: Path) -> Path:
    """The same study by one process."""
    out = folder / "undisturbed"
    subprocess.run(
        command(["study", *options(disturbance, folder), "--out", str(out), "--workers", "1"]),
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        stdout=subprocess.DEVNULL,
        check=True,
    )
    return out


def disturbed(disturbance: Disturbance, folder: Path, rng: random.Random) -> tuple[Path, Counted, Log, float]:
    """The study with three workers and all that befalls them; its folder, what was done, what workers said, seconds."""
    with closing(Server()) as server:
        chaos = _Chaos(disturbance, folder, server, rng)
        began = time.monotonic()
        try:
            chaos.run()
        finally:
            chaos.end()
        return chaos.out, chaos.counted, chaos.log, time.monotonic() - began


class _Chaos:
    def __init__(self, disturbance: Disturbance, folder: Path, server: Server, rng: random.Random) -> None:
        self.plan, self.folder, self.server, self.rng = disturbance, folder, server, rng
        self.out, self.counted, self.log = folder / "disturbed", Counted(), Log()
        self.crew: list[Worker] = []
        self.until = time.monotonic() + disturbance.limit
        self._pause = threading.Event()

    def run(self) -> None:
        self._drive()
        with closing(Database(self.server.url)) as database:
            shared = SharedStudy(database, STUDY)
            self._wait(lambda: shared.find() is not None)
            self.leases = Leases(shared, self.plan.grace)
            temporary = self.folder / "tmp"  # what killed workers leave behind goes with the folder
            temporary.mkdir()
            environment = {
                "TMPDIR": str(temporary),
                "OMP_NUM_THREADS": "1",
                "ABLATE_STORAGE": self.server.url,
                "ABLATE_CHAOS_SECONDS": str(self.plan.step),
            }
            asked = command(
                [
                    *("worker", "--study", STUDY, "--plugin", str(self.folder / "slow.py")),
                    *("--cache", str(self.folder / "cache"), "--threads", "1"),
                ]
            )
            self.crew += [Worker(asked, environment, self.log) for _ in range(self.plan.workers)]
            for blow in self._blows():
                if self._over():
                    break
                blow()
            self._wait(self._over)

    def end(self) -> None:
        """Let nothing of it stay."""
        for process in [*(worker.process for worker in self.crew), self.driver]:
            if process.poll() is None:
                process.send_signal(signal.SIGCONT)
                process.kill()
                process.wait()
        if os.path.ismount(self.folder / "full"):
            subprocess.run(["umount", str(self.folder / "full")], check=True)

    def _blows(self) -> Iterator[Callable[[], None]]:
        """Kills, and every so often something else, until there were enough of each."""
        others: list[Callable[[], None]] = [
            *[self._stop] * self.plan.stops,
            *[self._restart] * self.plan.restarts,
            self._kill_driver,
        ]
        self.rng.shuffle(others)
        others.append(self._fill)  # comes first: it needs a run that is there to be refused
        between = max(1, self.plan.kills // len(others))
        while others or not self._enough():
            for _ in range(between):
                self._sleep(self.rng.expovariate(1 / self.plan.every))
                yield self._kill
            if others:
                yield others.pop()
            elif self.counted.stops_past_grace < self.plan.stops:
                yield self._stop

    def _enough(self) -> bool:
        """Half as many again as were asked for: on a busy machine a worker may take longer to start than it lives."""
        stopped = self.counted.stops_past_grace >= self.plan.stops
        return stopped and self.counted.kills_in_a_run >= 1.5 * self.plan.kills

    def _kill(self) -> None:
        """Kill -9 one that is in a run, if any is. A run's third worker is spared: its death would be the run's."""
        victim = self._victim()
        if victim is not None:
            self.counted.kills += 1
            self.counted.kills_in_a_run += victim.kill()

    def _stop(self) -> None:
        """SIGSTOP one in a run until another has taken that over, then wake it."""
        victim = self._one_in_a_run()
        if victim is None:
            return
        key = self.log.running(victim.pid)
        held = self._held(victim)
        if key is None or held is None:
            return
        victim.process.send_signal(signal.SIGSTOP)
        self.counted.stops += 1
        stopped = time.monotonic()
        self._wait(lambda: self._taken_over(held) or time.monotonic() - stopped > 20 * self.plan.grace)
        victim.process.send_signal(signal.SIGCONT)
        if time.monotonic() - stopped > self.plan.grace:
            self._wait(lambda: not victim.alive or self.log.running(victim.pid) != key or self._over())
            said = [line.event for line in self.log.of(victim.pid)]
            self.counted.stops_past_grace += ("left", key) in said

    def _restart(self) -> None:
        self.server.stop()
        self._sleep(2)
        self.server.start()
        self.counted.restarts_of_the_database += 1

    def _kill_driver(self) -> None:
        self.driver.kill()
        self.driver.wait()
        self.counted.kills_of_the_driver += 1
        self._drive()

    def _fill(self) -> None:
        """A worker finds no room for its record; the next one in its place does."""
        victim = self._one_in_a_run()
        if victim is None:
            return
        refused = len(victim.refusals)
        self.counted.full_disk = victim.without_room(self.folder / "full")
        self.counted.kills += 1
        self.counted.kills_in_a_run += victim.kill()
        self._wait(lambda: len(victim.refusals) > refused or self._over())
        self.counted.refusals += victim.refusals[refused:]

    def _one_in_a_run(self) -> Worker | None:
        """Wait for a worker that is in a run; None where the study is over first."""
        found: list[Worker | None] = []

        def there() -> bool:
            found.append(self._victim(needs_run=True))
            return found[-1] is not None or self._over()

        self._wait(there)
        return found[-1]

    def _victim(self, needs_run: bool = False) -> Worker | None:
        alive = [worker for worker in self.crew if worker.alive]
        held = {worker: self._held(worker) for worker in alive}
        inside = [worker for worker in alive if held[worker] is not None and self.log.running(worker.pid)]
        mortal = [worker for worker in inside if held[worker].attempt < DEATHS]  # type: ignore[union-attr]
        others = alive if not needs_run and not inside and self.rng.random() < STARTING else []
        return self.rng.choice(mortal or others) if mortal or others else None

    def _held(self, worker: Worker) -> Held | None:
        """What a worker holds; its name has its process in it."""
        return next((one for one in self.leases.all() if one.holder.split(":")[1] == str(worker.pid)), None)

    def _taken_over(self, held: Held) -> bool:
        now = {one.key: (one.holder, one.attempt) for one in self.leases.all()}
        return now.get(held.key) != (held.holder, held.attempt)

    def _drive(self) -> None:
        asked = [*options(self.plan, self.folder), "--out", str(self.out), "--workers", "0"]
        self.driver = subprocess.Popen(
            command(["study", *asked, "--grace", str(self.plan.grace)]),
            env={**os.environ, "OMP_NUM_THREADS": "1", "ABLATE_STORAGE": self.server.url},
            stdout=subprocess.DEVNULL,
        )

    def _over(self) -> bool:
        for worker in self.crew:
            worker.tend()
        return self.driver.poll() is not None and all(worker.done for worker in self.crew)

    def _sleep(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while time.monotonic() < until and not self._over():
            self._pause.wait(0.1)

    def _wait(self, happened: Callable[[], bool]) -> None:
        while not happened():
            for worker in self.crew:
                worker.tend()
            if self.driver.poll() not in (None, 0):
                raise RuntimeError(f"the driver ended with {self.driver.returncode}")
            if time.monotonic() > self.until:
                raise TimeoutError(f"the study was not finished within {self.plan.limit:g} s; {self.counted}")
            self._pause.wait(0.1)


def judge(disturbance: Disturbance, one: Path, other: Path, counted: Counted, log: Log) -> dict[str, Any]:
    """What came of it: each promise, and whether it held."""
    made = Counter(key for _, key in log.events("made"))
    records = {path.stem[:8] for path in (other / "records").glob("*.json")}
    ended: dict[str, float] = {}
    again = 0
    for line in log.lines:
        if line.event is not None and line.event[0] == "made":
            ended[line.event[1]] = line.when
        again += line.event is not None and line.event[0] == "took" and line.event[1] in ended
    return {
        "the leaderboard is the undisturbed study's, its measured part aside": _timeless(one) == _timeless(other),
        "every run has its record": len(records) == disturbance.runs,
        "the records are the undisturbed study's": records == {p.stem[:8] for p in (one / "records").glob("*.json")},
        "no run has failed": not any(_body(path)["status"] == "failed" for path in (other / "records").glob("*.json")),
        "no finished run was started again": again == 0,
        "no run was kept twice": max(made.values(), default=0) == 1,
        "no file is half written": not list(other.rglob("*.tmp")),
        "as many workers were killed inside a run as asked for": counted.kills_in_a_run >= disturbance.kills,
        "as many were stopped past the grace period": counted.stops_past_grace >= disturbance.stops,
        "the database was restarted as often": counted.restarts_of_the_database >= disturbance.restarts,
        "a full disk was one line": len(counted.refusals) == 1 and "the room on its disk" in counted.refusals[0],
    }


def _timeless(out: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((out / "leaderboard.json").read_bytes())
    for row in found["rows"]:
        del row["measured"]
    return found


def _body(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(path.read_bytes())
    return found


@contextmanager
def fresh(folder: Path) -> Iterator[Path]:
    """A folder for the duration."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
