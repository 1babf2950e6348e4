"""Killed with ``kill -9``: finished records keep their bytes, and the study ends as if nothing had happened."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from killable import MOMENTS
from small_study import Seen, bodies, contents, plan, timeless

from ablate.results.record import Records
from ablate.study.study import study

BOUND_SECONDS = 240


def wait_for(marker: Path, process: subprocess.Popen[bytes]) -> dict:
    """What the process says it was doing when it stopped."""
    until = time.monotonic() + BOUND_SECONDS
    while not marker.exists():
        assert process.poll() is None, "the study ended before the moment came"
        assert time.monotonic() < until, "the moment did not come"
        time.sleep(0.05)
    return json.loads(marker.read_text())


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_killed_study_keeps_what_was_finished_and_ends_with_the_same_board(
    moment: str, finished: Path, tmp_path, cache: Path
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
    orphans = {path.stem for path in (out / "records").glob("*.npz")} - kept - {truth_of(out)}
    assert len(orphans) == (1 if moment == "writing" else 0)
    assert (out / "leaderboard.json").exists() is False
    assert (out / "leaderboard.csv").exists() is (moment == "board")

    seen = Seen()
    study(plan(out, cache), seen)
    after = contents(out / "records")
    assert {name: after[name] for name in whole} == whole
    assert {body["key"] for body in seen.fresh}.isdisjoint(kept)
    assert {body["key"] for body in bodies(out)} == {body["key"] for body in bodies(finished)}
    assert (moment == "board") is (seen.fresh == [])
    assert timeless(out) == timeless(finished)


def truth_of(out: Path) -> str:
    (path,) = (out / "records").glob("truth-*.npz")
    return path.stem
