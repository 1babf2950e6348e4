"""What a killed worker leaves in the temporary folder goes when the next one starts, and nothing else does."""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from ablate.study.cluster import scratch as module
from ablate.study.cluster.scratch import scratch

#: Holds a scratch folder, says where, and waits to be killed.
HOLDER = """
import sys, time
from ablate.study.cluster.scratch import scratch
with scratch() as folder:
    (folder / "records").mkdir()
    print(folder, flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A temporary folder of our own."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def hold(place: Path) -> tuple[subprocess.Popen[str], Path]:
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "TMPDIR": str(place)},
        text=True,
    )
    assert process.stdout is not None
    return process, Path(process.stdout.readline().strip())


def test_a_killed_workers_folder_goes_at_the_next_start_and_a_living_ones_stays(place: Path):
    dead, left = hold(place)
    living, used = hold(place)
    try:
        dead.send_signal(signal.SIGKILL)
        dead.wait()
        assert (left / "records").is_dir()
        with scratch() as own:
            assert own.is_dir()
            assert not left.exists()
            assert (used / "records").is_dir()
        assert not own.exists()
        living.communicate("")
        assert living.returncode == 0
        assert list(place.iterdir()) == []
    finally:
        for process in (dead, living):
            process.kill()
            process.communicate()


def gone() -> int:
    """The number of a process that is gone."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


@pytest.mark.parametrize("name", ["ablate-worker-{gone}-1-abc", "ablate-worker-{own}-1-abc"])
def test_a_folder_of_a_process_that_is_gone_goes_though_its_number_is_taken(place: Path, name: str):
    """Our own number stands for one that the system has given out again: it was started at another time."""
    folder = place / name.format(gone=gone(), own=os.getpid())
    folder.mkdir()
    with scratch():
        assert not folder.exists()


@pytest.mark.parametrize(
    "name", ["ablate-worker-{gone}-abc", "ablate-worker-x-1-abc", "ablate-{gone}", "other", "ablate-worker-{own}-0-abc"]
)
def test_a_folder_of_another_name_or_of_a_process_that_is_there_stays(place: Path, name: str):
    folder = place / name.format(gone=gone(), own=os.getpid())
    folder.mkdir()
    with scratch():
        assert folder.is_dir()


def test_a_link_is_not_followed(place: Path, tmp_path_factory: pytest.TempPathFactory):
    kept = tmp_path_factory.mktemp("kept")
    (kept / "file").touch()
    (place / f"ablate-worker-{gone()}-1-abc").symlink_to(kept)
    with scratch():
        assert (kept / "file").exists()


def test_the_folder_of_somebody_else_stays(place: Path, monkeypatch: pytest.MonkeyPatch):
    folder = place / f"ablate-worker-{gone()}-1-abc"
    folder.mkdir()
    monkeypatch.setattr(module.os, "getuid", lambda: folder.stat().st_uid + 1)
    with scratch():
        assert folder.is_dir()


def test_a_folder_that_is_held_stays_though_its_process_cannot_be_seen(place: Path):
    """In another container a process has another number, but its lock is the same."""
    folder = place / f"ablate-worker-{gone()}-1-abc"
    folder.mkdir()
    with open(folder / ".lock", "w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        with scratch():
            assert folder.is_dir()
    with scratch():
        assert not folder.exists()
