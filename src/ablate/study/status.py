"""How far a study is, from its records and from what its workers tell: nothing heavy is imported for it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from statistics import fmean
from typing import Any

from ablate.errors import AblateError
from ablate.results.record import Body, Records
from ablate.study import planfile
from ablate.study.complete import complete
from ablate.study.lock import held
from ablate.study.view import duration

#: Written by :class:`ablate.study.progress.Progress`.
PROGRESS = ".progress.json"
NOTHING = "running: nothing; start the study again, or a worker, to go on"
UNKNOWN = "running: nothing; the plan does not tell whether a run is missing: start the study again to see"


@dataclass(frozen=True)
class Running:
    """A run in the making; what is not known of it is None. ``alive`` is False where its worker was not heard of."""

    arm: str
    what: str
    step: int | None = None
    seconds: float | None = None
    worker: str | None = None
    attempt: int = 1
    alive: bool = True


@dataclass(frozen=True)
class Failure:
    """A run that has failed, and why."""

    arm: str
    what: str
    reason: str


@dataclass(frozen=True)
class Status:
    """How far a study is: ``runs`` in all (None where nothing says so), how those that are done have ended.

    ``seconds_left`` is None where no run was made yet, or nobody makes any; ``may_be_whole`` says that nothing tells
    whether a run is missing.
    """

    name: str
    runs: int | None
    ended: dict[str, int]
    running: tuple[Running, ...]
    failed: tuple[Failure, ...]
    seconds_left: float | None
    steps: int | None = None
    skipped: tuple[str, ...] = ()
    may_be_whole: bool = False

    def lines(self) -> list[str]:
        """In a reader's words."""
        done = sum(self.ended.values())
        whole = f" of {self.runs}" if self.runs is not None else ""
        how = ", ".join(f"{count} {status}" for status, count in sorted(self.ended.items()))
        left = f"; about {duration(self.seconds_left)} left" if self.seconds_left else ""
        found = [f"{self.name}: {done}{whole} runs done" + (f" ({how})" if how else "") + left]
        found += [f"running: {self._told(one)}" for one in self.running]
        if not self.running and done != self.runs:
            found.append(UNKNOWN if self.may_be_whole else NOTHING)
        found += [f"failed: {one.arm}, {one.what}: {one.reason}" for one in self.failed]
        if self.failed:
            found.append("make failed runs again with: python -m ablate study ... --failed")
        return found + [f"records: {message} is left out" for message in self.skipped]

    def json(self) -> dict[str, Any]:
        """As JSON."""
        return asdict(self)

    def _told(self, one: Running) -> str:
        step = f", step {one.step} of {self.steps}" if one.step is not None else ""
        since = f", for {duration(one.seconds)}" if one.seconds is not None else ""
        worker = f", by {one.worker}" if one.worker else ""
        attempt = f", attempt {one.attempt}" if one.attempt > 1 else ""
        dead = "" if one.alive else "; its worker is not heard of, and the run will be taken over"
        return f"{one.arm}, {one.what}{step}{since}{worker}{attempt}{dead}"


def of_folder(out: Path) -> Status:
    """How far the study of an output folder is.

    Raises:
        AblateError: the folder holds no study.
    """
    if not (out / "study.toml").is_file():
        raise AblateError(f"'{out}' is not the output folder of a study: it has no study.toml; give one that has")
    plan = planfile.read(out / "study.toml")
    records = Records(out / "records")
    bodies = records.all()
    progress = _progress(out / PROGRESS)
    running = tuple(Running(**one) for one in progress["running"]) if held(out) else ()
    runs, whole = progress["runs"], None if running else _whole(plan, bodies)
    if whole:
        runs = len(bodies)
    found = status(out.name, bodies, runs, running, min(progress["workers"], len(running)), skipped=records.skipped)
    return replace(found, may_be_whole=whole is None and runs is None)


def _whole(plan: Mapping[str, Any], bodies: Sequence[Body]) -> bool | None:
    try:
        return complete(plan, bodies)
    except (TypeError, ValueError, AttributeError):  # values that a study would refuse
        return None


def status(
    name: str,
    bodies: Sequence[Body],
    runs: int | None,
    running: tuple[Running, ...],
    workers: int,
    steps: int | None = None,
    skipped: Iterable[str] = (),
) -> Status:
    """How far a study with these records is, which ``workers`` go on with."""
    seconds = [body["measured"]["seconds"] for body in bodies if body["status"] != "failed"]
    missing = None if runs is None else max(0, runs - len(bodies))
    left = missing * fmean(seconds) / workers if missing and seconds and workers else None
    failed = [body for body in bodies if body["status"] == "failed"]
    return Status(
        name,
        None if runs is None else max(runs, len(bodies)),
        dict(Counter(body["status"] for body in bodies)),
        running,
        tuple(Failure(body["arm"], what_of(body), body["reason"]) for body in failed),
        left,
        steps,
        tuple(skipped),
    )


def what_of(body: Body) -> str:
    """The run of a record in a reader's words, without its arm."""
    if body["kind"] != "strategy":
        return str(body["kind"])
    if body["trial"] is not None:
        return f"trial {body['trial']}"
    kind = "rescoring" if body["identity"]["phase"] == "tune" else "fresh seed"
    return f"{kind} {body['identity']['seed']}"


def _progress(path: Path) -> dict[str, Any]:
    """What the driver has written, or nothing known: the file is a help, and a study is whole without."""
    try:
        found = json.loads(path.read_bytes())
        return {"runs": int(found["runs"]), "workers": int(found["workers"]), "running": list(found["running"])}
    except (OSError, ValueError, KeyError, TypeError):
        return {"runs": None, "workers": 0, "running": []}
