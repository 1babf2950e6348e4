"""``ablate gap`` and ``ablate recommend`` on committed studies, without torch."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

RESULTS = Path(__file__).parents[2] / "results"


def ablate(*arguments: str) -> subprocess.CompletedProcess[str]:
    code = (
        "import sys\nfrom ablate.cli import main\n"
        f"sys.argv = ['ablate', *{list(arguments)!r}]\n"
        "try:\n    main()\nfinally:\n    assert not {'torch', 'transformers', 'optuna'} & set(sys.modules)\n"
    )
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=300)


@pytest.mark.parametrize("study", ["quickstart", "reuters-bag"])
def test_a_committed_study_is_explained_and_advised_on(study: str):
    told = ablate("gap", str(RESULTS / study), "--format", "json")
    assert told.returncode == 0, told.stderr
    rows = {row["strategy"]: row for row in json.loads(told.stdout)["rows"]}
    whole = rows["baseline"]["whole"]
    assert sum(term["mean"] for term in whole["terms"].values()) == pytest.approx(whole["missing"]["mean"], abs=1e-9)
    advised = ablate("recommend", str(RESULTS / study), "--format", "json")
    assert advised.returncode == 0, advised.stderr
    found = json.loads(advised.stdout)
    assert found["gap"]["whole"] == whole
    assert found["strategy"] in rows


def test_the_board_on_a_screen_ends_in_the_advice():
    told = ablate("leaderboard", str(RESULTS / "quickstart"))
    advised = ablate("recommend", str(RESULTS / "quickstart"))
    assert told.returncode == advised.returncode == 0
    assert " ".join(told.stdout.split()).endswith(" ".join(advised.stdout.split()))


@pytest.mark.parametrize("command", ["gap", "recommend"])
def test_a_folder_without_a_study_is_one_line_and_exit_2(command: str, tmp_path: Path):
    told = ablate(command, str(tmp_path))
    assert told.returncode == 2
    assert "has no study.toml" in told.stderr
    assert "Traceback" not in told.stderr
