"""``ablate check``: what passed, what failed and why."""

from __future__ import annotations

import re
import sys

import pytest

from ablate.catalog import STRATEGIES
from ablate.checking import told
from ablate.testing import CHECKS, Finding

CODE = '''from dataclasses import dataclass

import torch
from ablate.api import Strategy, Weighting


@dataclass(frozen=True)
class Fine(Weighting):
    """Every pair weighs one."""

    source = "nobody"


@dataclass(frozen=True)
class PerDocument(Weighting):
    """One weight per document."""

    def weights(self, targets, stats):
        return torch.ones(len(targets))


STRATEGIES = (Strategy("fine", weighting=Fine()), Strategy("per-document", weighting=PerDocument()))
'''
PROJECT = '[project]\nname = "mine"\n[project.entry-points."ablate.strategies"]\nmine = "mine_of_{n}:STRATEGIES"\n'


def test_each_check_of_each_strategy_is_told_and_a_failure_with_its_remedy(ablate, tmp_path):
    (tmp_path / "mine.py").write_text(CODE)
    said = ablate("check", "mine.py")
    assert (said.code, said.err) == (1, "")
    fine, faulty = said.out.split("\nper-document\n")
    assert fine.count("  passed  ") == len(CHECKS)
    assert f"fine: all {len(CHECKS)} passed" in fine
    assert faulty.count("  passed  ") + faulty.count("  FAILED  ") == len(CHECKS)
    plain = " ".join(faulty.split())
    assert "FAILED weights asked: Weights are finite, not negative, and broadcast to [B, L]." in plain
    assert "found: weights have the shape (8,); give [B, L] = (8, 5)" in plain
    assert 'names no source; add source = "Author et al. YEAR" to the class' in plain
    assert re.search(rf"per-document: \d+ of {len(CHECKS)} checks failed", faulty)
    assert "Traceback" not in said.out


def test_a_built_in_strategy_is_checked_by_its_name(ablate):
    said = ablate("check", "focal")
    assert (said.code, said.err) == (0, "")
    assert said.out.splitlines()[-1] == f"focal: all {len(CHECKS)} passed"


@pytest.mark.parametrize("source", ["", "src"])
def test_a_package_need_not_be_installed(ablate, tmp_path, source: str):
    name = f"mine_of_{source or 'flat'}"
    (tmp_path / "pack" / source).mkdir(parents=True)
    (tmp_path / "pack" / source / f"{name}.py").write_text(CODE)
    (tmp_path / "pack" / "pyproject.toml").write_text(PROJECT.format(n=source or "flat"))
    before = list(sys.path)
    said = ablate("check", "pack")
    assert said.code == 1
    assert said.out.startswith("fine\n")
    assert sys.path == before


@pytest.mark.parametrize("width", [20, 40, 80, 200])
def test_a_narrow_terminal_cuts_no_word(width: int):
    reason = f"strategy 'x': {'weights have the shape (8,); ' * 5}give [B, L]"
    lines = list(told("x", [Finding("defaults_in_space", "Asked for. " * 20, reason)], width))
    assert all(len(line) <= max(width, 30) for line in lines)
    assert "give [B, L]" in " ".join(" ".join(lines).split())


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ("focl", "'focl' is no strategy, plugin file, package folder or installed plugin; did you mean 'focal'?"),
        ("none.py", "plugin file 'none.py' does not exist; give a Python file"),
        ("bad.py", "plugin file 'bad.py' cannot be imported: SystemExit: 3"),
        ("empty", "'empty' has no pyproject.toml; give the folder of a package, or a .py file"),
        ("torn", "'torn/pyproject.toml' is not TOML"),
        ("bare", "'bare/pyproject.toml' names no strategies; add [project.entry-points."),
        ("lost", "plugin 'mine' (mine_of_nothing:STRATEGIES) cannot be imported: ModuleNotFoundError"),
    ],
)
def test_what_cannot_be_checked_is_one_line_and_code_2(ablate, tmp_path, target: str, message: str):
    (tmp_path / "bad.py").write_text("raise SystemExit(3)")
    for folder, text in (
        ("torn", "[project"),
        ("bare", "[project]\nname = 'x'"),
        ("lost", PROJECT.format(n="nothing")),
    ):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "pyproject.toml").write_text(text)
    (tmp_path / "empty").mkdir()
    said = ablate("check", target)
    assert (said.code, said.out) == (2, "")
    (line,) = said.err.splitlines()
    assert line.startswith("error: ")
    assert message in line


def test_every_built_in_strategy_can_be_named():
    from ablate.checking import targets

    assert all(targets(strategy.name) == [strategy] for strategy in STRATEGIES)
