"""Ctrl-C: the study stops at once, says how to go on, and keeps what is finished."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from small_study import Seen, contents, plan

from ablate.study.conduct import study

SLOW = '''import time
from dataclasses import dataclass
from pathlib import Path

from ablate.api import Loss, Strategy


@dataclass(frozen=True)
class Slow(Loss):
    """A run of half a minute and more, which says when its third step begins."""

    def __call__(self, logits, targets, weights, stats):
        if stats.progress > 0.07:
            Path(MARKER).touch()
            time.sleep(1.5)
        return super().__call__(logits, targets, weights, stats)


STRATEGIES = (Strategy("slow", loss=Slow()),)
'''


def test_ctrl_c_stops_within_a_step_and_says_how_to_go_on(again: Path, tmp_path, cache: Path):
    marker, plugin = tmp_path / "marker", tmp_path / "slow.py"
    plugin.write_text(SLOW.replace("MARKER", repr(str(marker))))
    before = contents(again / "records")
    options = ["--strategies", "focal,slow", "--plugin", str(plugin), "--cache", str(cache)]
    process = subprocess.Popen(
        [sys.executable, "-m", "ablate", "study", str(again / "study.toml"), *options],
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # ignored where tests run in the background
    )
    until = time.monotonic() + 240
    while not marker.exists() and process.poll() is None and time.monotonic() < until:
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    said, complained = process.communicate(timeout=240)
    assert marker.exists()
    assert process.returncode == 130
    assert complained == "stopped; every finished run is kept: start the same command again to go on\n"
    assert "slow, trial 0" not in said  # 23 steps of the run were still to come
    assert contents(again / "records") == before

    seen = Seen()
    study(plan(again, cache, plugin=[str(plugin)]), seen)
    assert seen.fresh == []
