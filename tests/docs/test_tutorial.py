"""Every command of docs/tutorial.md, as a reader would type them, without a network."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

import ablate

PAGE = (Path(__file__).parents[2] / "docs" / "tutorial.md").read_text("utf-8")
COMMANDS = [
    line for block in re.findall(r"^```sh\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE) for line in block.splitlines()
]


@pytest.mark.slow
def test_the_tutorial_works_in_its_order(tmp_path):
    found = {
        **os.environ,
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
        "PYTHONPATH": str(Path(ablate.__file__).parents[1]),
        "XDG_CACHE_HOME": str(tmp_path / "cache"),
        "HF_HUB_OFFLINE": "1",
        "OMP_NUM_THREADS": "1",
    }
    for command in COMMANDS:
        done = subprocess.run(["bash", "-c", command], cwd=tmp_path, env=found, capture_output=True, text=True)
        assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
    for made in ("study/leaderboard.md", "study/recommendation.json", "study/report/index.html", "model/README.md"):
        assert (tmp_path / made).is_file(), made
    predicted = pd.read_parquet(tmp_path / "predicted.parquet")
    assert len(predicted) == len(pd.read_parquet(tmp_path / "mydata" / "test-00000.parquet"))
    board = pd.read_csv(tmp_path / "study" / "leaderboard.csv").set_index("strategy")
    assert board.loc["pos-weight-sqrt", "runs"] == 4


def test_the_tutorial_links_to_what_is_there():
    docs = Path(__file__).parents[2] / "docs"
    for target in re.findall(r"\]\(([^)#]+?)(?:#[\w-]+)?\)", PAGE):
        assert (docs / target).is_file(), target
