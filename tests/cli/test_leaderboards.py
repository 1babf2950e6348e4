"""``ablate leaderboard`` of several folders, and rows by tag."""

import json
import shutil
from pathlib import Path

import pytest

RESULTS = Path(__file__).parents[2] / "results"
LAYERS = RESULTS / "cooking-minilm-last-layers"


@pytest.fixture
def other(tmp_path) -> Path:
    """A study of the same data set, with a backbone of another name."""
    shutil.copytree(LAYERS / "records", tmp_path / "other" / "records")
    plan = (LAYERS / "study.toml").read_text().replace('backbone = "minilm"', 'backbone = "another"')
    (tmp_path / "other" / "study.toml").write_text(plan)
    return tmp_path / "other"


def test_two_backbones_of_one_data_set_are_two_columns(ablate, other):
    said = ablate("leaderboard", str(LAYERS), str(other), "--format", "json")
    assert (said.code, said.err) == (0, "")
    table = json.loads(said.out)
    names = [column["name"] for column in table["columns"]]
    assert [name.partition("/")[2] for name in names] == ["minilm", "another"]
    assert table["datasets"] == 1
    board = json.loads((LAYERS / "leaderboard.json").read_text())
    found = {row["strategy"]: row for row in table["rows"]}
    for row in board["rows"]:
        for name in names:
            mine = found[row["strategy"]]["cells"][name]
            assert mine["rank"] == row["rank"]
            assert mine["macro_recall_at_budget"] == pytest.approx(row["macro_recall_at_budget"])
    assert ablate("leaderboard", str(LAYERS), str(other), "--tag", "forum").out.count("rank  strategy") == 1


def test_a_board_of_some_rows(ablate):
    said = ablate("leaderboard", str(LAYERS), "--tag", "optimizer", "--format", "md")
    assert "| head-rate |" in said.out
    assert "| baseline |" in said.out
    assert "as-asked" not in said.out
    assert "ranks and marks are those among all rows" in said.out


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ((LAYERS, LAYERS), "is given twice"),
        ((LAYERS, "none"), "has no study.toml"),
        ((LAYERS, LAYERS.parent / "quickstart", "--decisions"), "--decisions is a table of one study"),
        ((LAYERS, LAYERS.parent / "quickstart", "--format", "html"), "unknown format 'html'"),
        ((LAYERS, "--tag", "los"), "--tag los: no strategy here carries it"),
        ((LAYERS, "--threshold", "--tag", "loss"), "--tag chooses rows of the board, not of --threshold"),
    ],
)
def test_mistakes_are_one_line(ablate, arguments, told):
    said = ablate("leaderboard", *map(str, arguments))
    assert (said.code, said.out) == (2, "")
    assert told in said.err
    assert said.err.count("\n") == 1
