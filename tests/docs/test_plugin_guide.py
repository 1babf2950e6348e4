"""Every command and every file of docs/plugins.md, as a reader would go through it, without a network."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import ablate
from ablate.factors import Component
from ablate.strategy import FACTORS

GUIDE = (Path(__file__).parents[2] / "docs" / "plugins.md").read_text("utf-8")
BLOCKS = re.findall(r"^```(\w+)(?: (\S+))?\n(.*?)^```$", GUIDE, re.DOTALL | re.MULTILINE)


@pytest.mark.slow
def test_every_block_of_the_guide_works_in_its_order(tmp_path):
    site = tmp_path / "site"
    found = {
        **os.environ,
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
        "PYTHONPATH": os.pathsep.join([str(site), str(Path(ablate.__file__).parents[1])]),
        "XDG_CACHE_HOME": str(tmp_path / "cache"),
        "OMP_NUM_THREADS": "1",
        # pip installs beside the environment that runs the tests, and from nowhere else
        "PIP_TARGET": str(site),
        "PIP_NO_INDEX": "1",
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "PYTEST_ADDOPTS": "-p no:cacheprovider",
    }
    said = {}
    for kind, word, text in BLOCKS:
        if kind == "python":
            (tmp_path / word).write_text(text)
            continue
        for command in text.splitlines():
            done = subprocess.run(
                ["bash", "-c", command], cwd=tmp_path, env=found, capture_output=True, text=True, timeout=240
            )
            assert done.returncode == (1 if word == "fails" else 0), done.stdout + done.stderr
            said[command.split()[3] + " " + command.split()[-1]] = done.stdout
    board = next(text for name, text in said.items() if name.startswith("leaderboard"))
    assert "my-weight" in board
    assert "checks failed" in said["check my_mistake.py"]
    assert "a weight is not finite; cap it, or guard a division by zero" in " ".join(
        said["check my_mistake.py"].split()
    )
    assert said["strategies my-weight"].startswith("strategy     my-weight")
    assert (site / "my_weight.py").is_file()


def test_the_guide_has_blocks_of_both_kinds():
    kinds = [(kind, word) for kind, word, _ in BLOCKS]
    assert {word for kind, word in kinds if kind == "python"} == {"my_loss.py", "my_mistake.py"}
    assert kinds.count(("sh", "fails")) == 1
    commands = [line for kind, _, text in BLOCKS if kind == "sh" for line in text.splitlines()]
    assert all(line.startswith("python -m ") for line in commands)


def test_the_guide_names_the_method_of_every_factor_that_is_trained():
    table = re.findall(r"^\| (`\w+`(?:, `\w+`)*) \| (.*?) \|", GUIDE, re.MULTILINE)
    named = {
        factor: method
        for factors, methods in table
        for factor, method in zip(re.findall(r"`(\w+)`", factors), re.findall(r"`(\w+)\(", methods), strict=False)
    }
    kinds = {kind.__name__: kind for kind in FACTORS.values() if kind.__name__ != "Decision"}
    assert set(named) == set(kinds)
    for factor, method in named.items():
        assert callable(getattr(kinds[factor], method))
        assert not hasattr(Component, method)
