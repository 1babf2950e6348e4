"""Killed with ``kill -9``: finished records keep their bytes, and the study ends as if nothing had happened."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from killable import SMALLER
from small_study import Seen, bodies, contents, plan, timeless

from ablate.results.record import Records
from ablate.study.conduct import study

BOUND_SECONDS = 240


def wait_for(marker: Path, process: subprocess.Popen[bytes]) -> dict:
    """What the process says it was doing when it stopped."""
    until = time.monotonic() + BOUND_SECONDS
    while not marker.exists():
        assert process.poll() is None, "the study ended before the moment came"
        assert time.monotonic() < until, "the moment did not come"
        time.sleep(0.05)
    return json.loads(marker.read_text())


@pytest.fixture(scope="module")
def undisturbed(finished: Path, tmp_path_factory: pytest.TempPathFactory, cache: Path) -> Path:
    """The records of the shared study that the smaller one has too, and their board."""
    out = tmp_path_factory.mktemp("undisturbed") / "small"
    shutil.copytree(finished, out)
    for body in bodies(out):
        if body["arm"] == "focal" or (body["identity"]["phase"], body["identity"]["seed"]) == ("confirm", 1):
            for path in (out / "records").glob(f"{body['key']}.*"):
                path.unlink()
    seen = Seen()
    study(plan(out, cache, **SMALLER), seen)
    assert seen.fresh == []
    return out


@pytest.mark.parametrize("moment", ["tuning", "confirming", "writing", pytest.param("board", marks=pytest.mark.slow)])
def test_a_killed_study_keeps_what_was_finished_and_ends_with_the_same_board(
    moment: str, undisturbed: Path, tmp_path, cache: Path
):
    out, marker = tmp_path / "small", tmp_path / "marker"
    command = [sys.executable, str(Path(__file__).with_name("killable.py")), moment, str(marker), str(out), str(cache)]
    process = subprocess.Popen(command, env={**os.environ, "OMP_NUM_THREADS": "1"})
    try:
        told = wait_for(marker, process)
    finally:
        process.send_signal(signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL

    records = Records(out / "records")
    kept = {body["key"] for body in records.all()}
    whole = {name: one for name, one in contents(out / "records").items() if name.partition(".")[0] in kept}
    assert kept
    assert told["steps"] > 1
    assert records.skipped == []
    orphans = {path.stem for path in (out / "records").glob("*.npz")} - kept - {shared_truth(out)}
    assert len(orphans) == (1 if moment == "writing" else 0)
    assert not (out / "leaderboard.json").exists()
    assert (out / "leaderboard.csv").exists() is (moment == "board")

    seen = Seen()
    study(plan(out, cache, **SMALLER), seen)
    after = contents(out / "records")
    assert {name: after[name] for name in whole} == whole
    assert {body["key"] for body in seen.fresh}.isdisjoint(kept)
    assert {body["key"] for body in bodies(out)} == {body["key"] for body in bodies(undisturbed)}
    assert (moment == "board") is (seen.fresh == [])
    assert timeless(out) == timeless(undisturbed)


def shared_truth(out: Path) -> str:
    """Arrays that belong to no single run: the labels of the test split."""
    (path,) = (out / "records").glob("truth-*.npz")
    return path.stem
