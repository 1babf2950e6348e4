"""``report``, on a study that was really run."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path

STUDY = Path(__file__).parents[2] / "results" / "cooking-minilm-last-layers"


def test_a_committed_study_is_written_as_one_page(ablate, tmp_path: Path):
    said = ablate("report", str(STUDY), "--out", "out")
    assert (said.code, said.err) == (0, "")
    page = tmp_path / said.out.removeprefix("report: ").strip()
    text = page.read_text()
    assert page.stat().st_size < 1_000_000
    board = json.loads((STUDY / "leaderboard.json").read_text())
    names = re.findall(r'data-name="([^"]+)"', text)
    assert names == [row["strategy"] for row in board["rows"]]
    assert (page.parent / "labels.csv").read_text() == (STUDY / "labels.csv").read_text()
    packed = json.loads(re.search(r'id="labels-json">(.*?)</script>', text).group(1))
    with (STUDY / "labels.csv").open() as file:
        assert len(packed["labels"]) == len({line["label"] for line in csv.DictReader(file)})
    assert 'id="tuning"' not in text  # one trial each is no history
    assert not (STUDY / "report").exists()


def test_mistakes_have_code_2_and_one_line(ablate, tmp_path: Path):
    said = ablate("report", "nowhere")
    assert said.code == 2
    assert said.err.startswith("error: 'nowhere' is not the output folder of a study")
    assert len(said.err.splitlines()) == 1
    assert list(tmp_path.iterdir()) == []
