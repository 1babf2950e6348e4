"""Workers as tasks of a real Ray on this machine: the study of one process."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from small_study import options, plan, timeless

from ablate.errors import AblateError
from ablate.results.record import Records
from chaos.postgres import Server

BOUND_SECONDS = 480


@pytest.mark.slow
def test_a_study_on_ray_is_the_study_of_one_process(finished: Path, tmp_path, cache: Path, postgres: Server):
    out = tmp_path / "small"
    own = ["--engine", "ray", "--out", str(out), "--cache", str(cache), "--quiet", f"--set=name={tmp_path.name}"]
    process = subprocess.run(
        [sys.executable, "-m", "ablate", "study", *options({"workers": 2}), *own],
        env={**os.environ, "OMP_NUM_THREADS": "1", "ABLATE_STORAGE": postgres.url},
        capture_output=True,
        text=True,
        timeout=BOUND_SECONDS,
    )
    assert process.returncode == 0, process.stderr
    assert timeless(out)["rows"] == timeless(finished)["rows"]
    assert {b["key"] for b in Records(out / "records").all()} == {b["key"] for b in Records(finished / "records").all()}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"engine": "ray"}, "Ray places workers of a study that they share; give --storage with --engine ray"),
        ({"address": "auto"}, "address is that of a Ray cluster; give --engine ray with it"),
        ({"engine": "dask"}, "engine: "),
    ],
)
def test_options_of_ray(changes: dict, message: str, tmp_path, cache: Path):
    with pytest.raises(AblateError, match=message):
        plan(tmp_path / "out", cache, **changes)


def test_without_ray_one_line_says_what_to_install(monkeypatch):
    from ablate.study.cluster.ray_crew import RayCrew

    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(AblateError, match=r"^--engine ray needs Ray: pip install 'ablate\[ray\]'$"):
        RayCrew([], None)
