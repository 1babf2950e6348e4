"""A package of somebody else is built, installed without index or network, and studied."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import ablate as own

SOURCE = Path(__file__).parent / "acme"
SMALL = ["--documents", "400", "--backbone", "bag", "--steps", "25", "--batch-size", "32", "--threads", "1"]
SMALL += ["--trials", "2", "--seeds", "1", "--workers", "1"]


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Path:
    """A folder with the package installed in it; the environment that runs the tests stays as it is."""
    work = tmp_path_factory.mktemp("acme")
    copy = shutil.copytree(SOURCE, work / "acme", ignore=shutil.ignore_patterns("__pycache__"))
    offline = ["--no-index", "--no-build-isolation", "--no-deps", "--disable-pip-version-check"]
    subprocess.run(
        [sys.executable, "-m", "pip", "install", "--quiet", *offline, "--target", str(work / "site"), str(copy)],
        check=True,
        capture_output=True,
        timeout=240,
    )
    return work / "site"


def ablate(site: Path, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    path = os.pathsep.join([str(site), str(Path(own.__file__).parents[1])])
    return subprocess.run(
        [sys.executable, "-m", "ablate", *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": path, "XDG_CACHE_HOME": str(folder / "cache"), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=240,
    )


def test_an_installed_plugin_is_checked_by_any_of_its_names(site: Path, tmp_path):
    said = ablate(site, tmp_path, "check", "Acme_Ablate")  # the distribution, of which one entry point is broken
    assert said.returncode == 2
    assert "plugin 'acme-later' (acme_ablate.later:STRATEGIES) cannot be imported: ModuleNotFoundError" in said.stderr
    assert len(said.stderr.splitlines()) == 1
    said = ablate(site, tmp_path, "check", "acme-tempered")
    assert (said.returncode, said.stderr) == (0, "")


@pytest.mark.slow
def test_the_good_strategy_has_a_row_and_the_broken_ones_are_named_with_the_reason(site: Path, tmp_path):
    names = "acme-tempered,acme-lopsided,acme-forgetful"
    said = ablate(site, tmp_path, "study", *SMALL, "--strategies", names, "--out", "out")
    assert (said.returncode, said.stderr) == (0, "")
    rows = {row["strategy"]: row for row in json.loads((tmp_path / "out" / "leaderboard.json").read_text())["rows"]}
    assert rows["acme-tempered"]["runs"] == 1
    assert rows["acme-tempered"]["macro_recall_at_budget"]["mean"] >= 0
    assert "acme-lopsided" not in rows
    forgetful = rows["acme-forgetful"]
    assert (forgetful["runs"], forgetful["tuning"]["failed"]) == (0, 2)
    assert forgetful["notes"][-1] == "every trial failed: KeyError: 'no table' (__init__.py, line 44)"
    board = (tmp_path / "out" / "leaderboard.md").read_text()
    assert "acme-tempered" in board
    assert "acme-forgetful: every trial failed: KeyError: 'no table'" in board
    later = "plugin 'acme-later' (acme_ablate.later:STRATEGIES) is left out: ModuleNotFoundError: No module named"
    assert later in said.stdout
    assert "acme-lopsided is left out: weights: a weight is not finite; cap it" in said.stdout
    assert "(see all that fails with: python -m ablate check acme)" in said.stdout
