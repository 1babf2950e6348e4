"""No room or no right to write: one line says where, nothing is torn, and the study goes on when there is."""

from __future__ import annotations

import errno
import os
import resource
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from small_study import Seen, bodies, contents, plan, timeless

from ablate.errors import AblateError
from ablate.results import whole
from ablate.results.record import Records
from ablate.study.conduct import study


def lacking(finished: Path, out: Path, arm: str = "focal") -> Path:
    """A copy of the finished study without the runs of one arm."""
    shutil.copytree(finished, out)
    for body in bodies(out):
        if body["arm"] == arm:
            for path in (out / "records").glob(f"{body['key']}.*"):
                path.unlink()
    return out


def nothing_is_torn(out: Path) -> bool:
    records = Records(out / "records")
    records.all()
    return not records.skipped and not list(out.rglob("*.tmp"))


@pytest.mark.parametrize("suffix", [".json", ".npz"])
def test_a_disk_that_fills_up_under_a_record(suffix: str, finished: Path, tmp_path, cache: Path, monkeypatch):
    out = lacking(finished, tmp_path / "small")
    before = contents(out / "records")
    flush = os.fsync

    def full(file: int) -> None:
        if suffix in Path(os.readlink(f"/proc/self/fd/{file}")).suffixes:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        flush(file)

    with monkeypatch.context() as patch:
        patch.setattr(whole.os, "fsync", full)
        with pytest.raises(OSError, match="No space left on device") as raised:
            study(plan(out, cache), Seen())
    assert Path(raised.value.filename).suffix == suffix
    assert Path(raised.value.filename).parent == out / "records"
    after = contents(out / "records")
    assert {name: after[name] for name in before} == before
    assert nothing_is_torn(out)
    study(plan(out, cache), Seen())
    assert timeless(out) == timeless(finished)


@pytest.mark.parametrize("kilobytes", [4, 100])
def test_files_that_may_not_grow_are_one_line_at_the_command_line(kilobytes: int, finished: Path, tmp_path, cache):
    """4 KB are too few for a record, 100 KB for the database of the trials."""
    out = lacking(finished, tmp_path / "small")
    bound = 1024 * kilobytes
    options = ["study", str(out / "study.toml"), "--cache", str(cache), "--workers", "1", "--quiet"]
    process = subprocess.run(
        [sys.executable, "-m", "ablate", *options],
        env={**os.environ, "OMP_NUM_THREADS": "1", "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (bound, bound)),
    )
    assert process.returncode == 2, process.stderr
    (line,) = process.stderr.splitlines()
    assert line.startswith(f"error: '{out}")
    assert "the room on its disk" in line
    assert nothing_is_torn(out)
    study(plan(out, cache), Seen())
    assert timeless(out) == timeless(finished)


def test_a_folder_that_cannot_be_written_to_is_refused(cache: Path):
    with pytest.raises(
        AblateError, match=r"^output folder '/proc/ablate' cannot be written to: .*; give another --out$"
    ):
        study(plan(Path("/proc/ablate"), cache), Seen())
