"""``ablate new-strategy``: a package that works as it stands."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from ablate.checking import targets
from ablate.testing import failures


def test_the_package_conforms_and_its_own_test_passes(ablate, tmp_path):
    said = ablate("new-strategy", "power-weight")
    assert (said.code, said.err) == (0, "")
    folder = tmp_path / "power-weight"
    assert {path.name for path in folder.iterdir()} == {
        *("pyproject.toml", "power_weight.py", "test_power_weight.py", "README.md"),
    }
    (strategy,) = targets(str(folder))
    assert (strategy.name, failures(strategy)) == ("power-weight", [])
    project = tomllib.loads((folder / "pyproject.toml").read_text())["project"]
    assert project["entry-points"]["ablate.strategies"] == {"power-weight": "power_weight:STRATEGIES"}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "power-weight"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stdout
    assert "1 passed" in done.stdout


@pytest.mark.parametrize("name", ["weight", "weighting", "strategy", "a1-b2"])
def test_the_class_has_a_name_of_its_own_whatever_the_strategy_is_called(ablate, tmp_path, name: str):
    assert ablate("new-strategy", name, "--out", f"made/{name}").code == 0
    (strategy,) = targets(str(tmp_path / "made" / name))
    assert strategy.name == name
    assert strategy.weighting.power == 0.5


def test_no_line_of_it_is_longer_than_a_reader_wants(ablate, tmp_path):
    ablate("new-strategy", "a-rather-long-name")
    for path in (tmp_path / "a-rather-long-name").iterdir():
        assert max(map(len, path.read_text().splitlines())) <= 120


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["Power"], "'Power' cannot name a strategy; give small letters and digits, parted by '-'"),
        (["power_weight"], "'power_weight' cannot name a strategy"),
        (["../up"], "'../up' cannot name a strategy"),
        (["focal"], "a strategy 'focal' exists already; give another name"),
        (["prior-only"], "a strategy 'prior-only' exists already"),
        (["json"], "'json' would need a module 'json', and Python has one already; give another name"),
        (["torch"], "'torch' would need a module 'torch', and Python has one already"),
        (["lambda"], "'lambda' would need a module 'lambda', and Python has one already"),
        (["mine", "--out", "there"], "'there' is there already; give another --out, or remove it"),
        (["mine", "--out", "file/mine"], "'file': File exists"),
    ],
)
def test_a_name_or_a_folder_that_cannot_be_is_refused_and_nothing_is_written(ablate, tmp_path, arguments, message):
    (tmp_path / "there").mkdir()
    (tmp_path / "file").write_text("")
    said = ablate("new-strategy", *arguments)
    assert (said.code, said.out) == (2, "")
    (line,) = said.err.splitlines()
    assert line.startswith("error: ")
    assert message in line
    assert {path.name for path in tmp_path.iterdir()} == {"there", "file"}


def test_nothing_is_left_half_written(ablate, tmp_path, monkeypatch):
    whole = Path.write_text

    def full(path: Path, text: str, *rest: str) -> int:
        if path.name == "README.md":
            raise OSError(28, "No space left on device", str(path))
        return whole(path, text, *rest)

    monkeypatch.setattr(Path, "write_text", full)
    said = ablate("new-strategy", "mine")
    assert said.code == 2
    assert "No space left on device" in said.err
    assert list(tmp_path.iterdir()) == []
