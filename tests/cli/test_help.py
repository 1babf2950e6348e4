"""What is asked for before any work is done comes without heavy imports."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from importlib.metadata import version
from pathlib import Path

import pytest

COMMANDS = (
    "study",
    "leaderboard",
    "gap",
    "agreement",
    "recommend",
    "report",
    "audit",
    "diagnose",
    "strategies",
    "data",
    "synth",
    "doctor",
    "calibrate",
    "twin",
    "export",
    "predict",
    "dashboard",
    "check",
    "new-strategy",
)
OPTIONS = (
    *("data", "text", "labels", "label-separator", "label-columns", "group", "documents", "split-seed", "max-length"),
    *("backbone", "base", "strategies", "parts", "design", "plugin", "set", "trials", "seeds", "steps", "batch-size"),
    *("rho", "alarms-per-document", "micro-floor", "out", "device", "threads", "cache", "keep-weights", "dry-run"),
    *("quiet", "workers", "hours"),
)
HEAVY = ("torch", "transformers", "optuna", "numpy", "pandas", "sklearn", "scipy", "pyarrow", "datasets")


def imported(*arguments: str) -> tuple[str, list[str]]:
    """What a fresh process prints, and the heavy packages that it has imported at the end."""
    code = (
        "import sys\nfrom ablate.cli import main\n"
        f"sys.argv = ['ablate', *{list(arguments)!r}]\n"
        "try:\n    main()\nexcept SystemExit as end:\n    assert end.code in (0, 2)\n"
        f"print(*[name for name in {HEAVY!r} if name in sys.modules], file=sys.stderr)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=True)
    return done.stdout, done.stderr.splitlines()[-1].split()


@pytest.mark.parametrize(
    "arguments",
    [("--help",), ("study", "--help"), ("leaderboard", "-h"), ("report", "-h"), ("check", "-h"), ("--version",)],
)
def test_help_and_version_import_nothing_heavy(arguments: tuple[str, ...]):
    said, heavy = imported(*arguments)
    assert heavy == []
    assert said.strip()


def test_a_study_file_that_cannot_be_read_is_refused_before_torch_is_imported(tmp_path):
    _, heavy = imported("study", str(tmp_path / "missing.toml"))
    assert heavy == []


def test_help_names_every_command_and_every_option(ablate):
    said = ablate("--help")
    assert (said.code, said.err) == (0, "")
    assert all(command in said.out for command in COMMANDS)
    options = ablate("study", "--help").out
    for name in OPTIONS:
        assert f"--{name}" in options, name


def test_nothing_asked_for_is_answered_with_help(ablate):
    said = ablate()
    assert all(command in said.out + said.err for command in COMMANDS)


def test_the_version_is_that_of_the_package(ablate):
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())["project"]
    assert ablate("--version").out == f"ablate {project['version']}\n"
    assert version("ablate") == project["version"]


def test_python_dash_m_is_the_same_program():
    done = subprocess.run([sys.executable, "-m", "ablate", "--version"], capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stdout) == (0, f"ablate {version('ablate')}\n")
