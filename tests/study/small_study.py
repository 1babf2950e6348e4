"""A study that takes seconds, and what tests ask of a folder."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ablate.study.plan import Plan, make
from ablate.study.view import View

PLAN = {
    "name": "small",
    "documents": 400,
    "backbone": "bag",
    "strategies": ["focal"],
    "steps": 25,
    "batch_size": 32,
    "trials": 2,
    "seeds": 2,
    "threads": 1,
    "workers": 1,
}
ARMS, RUNS_OF_ARM = 3, 2 + 2 * 2 + 2  # trials, two of them on two more seeds, fresh seeds
CONTROLS = 3 + 3  # and ceilings: the truth of the generated data is known
BOARDS = ("leaderboard.md", "leaderboard.csv", "leaderboard.json", "labels.csv")


def plan(out: Path, cache: Path, **changes: Any) -> Plan:
    return make({**PLAN, "out": str(out), "cache": str(cache), **changes})


def options(changes: dict[str, Any]) -> list[str]:
    """The same as options of the command line."""
    plain = {**PLAN, **changes}
    name = plain.pop("name")
    given = [f"--set=name={name}"]
    for key, value in plain.items():
        if value is None:
            continue
        given += [f"--{key.replace('_', '-')}", ",".join(value) if isinstance(value, list) else str(value)]
    return given


class Seen(View):
    """Keeps what a view is told."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self.fresh: list[dict[str, Any]] = []
        self.resumed: list[dict[str, Any]] = []
        self.announced = 0

    def say(self, text: str) -> None:
        self.said.append(text)

    def total(self, runs: int) -> None:
        self.announced = runs

    def end(self, body: dict[str, Any], fresh: bool) -> None:
        (self.fresh if fresh else self.resumed).append(body)


def bodies(out: Path) -> list[dict[str, Any]]:
    return [json.loads(path.read_bytes()) for path in sorted((out / "records").glob("*.json"))]


def confirmed(out: Path, arm: str) -> list[dict[str, Any]]:
    return [b for b in bodies(out) if b["arm"] == arm and b["identity"]["phase"] == "confirm"]


def board(out: Path) -> dict[str, Any]:
    return json.loads((out / "leaderboard.json").read_bytes())


def rows(out: Path) -> dict[str, dict[str, Any]]:
    return {row["strategy"]: row for row in board(out)["rows"]}


def timeless(out: Path) -> dict[str, Any]:
    """The board, but for what a clock measured."""
    found = board(out)
    for row in found["rows"]:
        del row["measured"]
    return found


def contents(folder: Path) -> dict[str, tuple[int, bytes]]:
    """Time of the last change and bytes of every file, by name."""
    files = [path for path in folder.iterdir() if path.is_file() and path.name != ".lock"]
    return {path.name: (path.stat().st_mtime_ns, path.read_bytes()) for path in files}


def once(folder: Path, make: Callable[[Path], object]) -> Path:
    """A folder that is made by the first of several test processes and waited for by the others."""
    import fcntl

    folder.parent.mkdir(parents=True, exist_ok=True)
    with open(folder.with_suffix(".lock"), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "done").exists():
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            make(folder)
            (folder / "done").touch()
    return folder


def shared_by_workers(base: Path) -> Path:
    """The temporary folder that all processes of this test session share."""
    return base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
