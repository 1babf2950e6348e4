"""``audit`` and ``diagnose`` at the command line."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from ablate.rules import CutRule


@pytest.fixture
def scores(tmp_path: Path) -> pd.DataFrame:
    """A file of 200 documents, half of them test; label b is shifted down by 6."""
    rng = np.random.default_rng(0)
    y = rng.random((200, 2)) < (0.5, 0.2)
    z = rng.normal(size=y.shape) + 4 * y - 2 - np.array([0.0, 6.0])
    labels = ["|".join(np.array(["a", "b"])[row]) for row in y]
    table = pd.DataFrame({"labels": labels, "split": ["validation", "test"] * 100, "a": z[:, 0], "b": z[:, 1]})
    table.to_csv(tmp_path / "scores.csv", index=False)
    (tmp_path / "counts.csv").write_text("label,count\na,500\nb,200\n")
    return table


def test_an_audit_prints_a_report_and_writes_cuts_and_a_table(ablate, scores, tmp_path: Path):
    said = ablate(
        *("audit", "scores.csv", "--counts", "counts.csv", "--documents", "1000"),
        *("--cuts", "deploy/cuts.json", "--per-label", "labels.csv"),
    )
    assert (said.code, said.err) == (0, "")
    assert "Budget: 0.70 alarms per document" in said.out
    assert "\x1b" not in said.out
    cuts = json.loads((tmp_path / "deploy" / "cuts.json").read_text())
    raised = CutRule(np.array([cuts["cuts"]["a"], cuts["cuts"]["b"]]))(scores[["a", "b"]].to_numpy(np.float32)[1::2])
    assert raised.sum() / 100 == cuts["alarms_per_document"]["on_test"]
    table = pd.read_csv(tmp_path / "labels.csv")
    assert table["label"].tolist() == ["a", "b"]
    assert table["training_positives"].tolist() == [500, 200]
    truth = scores["labels"].str.contains("b")[1::2].to_numpy()
    assert table["recall_at_half"][1] == pytest.approx((truth & (scores["b"][1::2] > 0).to_numpy()).sum() / truth.sum())


def test_an_audit_as_json_holds_the_report(ablate, scores):
    said = ablate("audit", "scores.csv", "--format", "json")
    found = json.loads(said.out)
    assert (said.code, said.err) == (0, "")
    assert found["labels"] == 2
    assert [label["label"] for label in found["per_label"]] == ["a", "b"]
    assert set(found["cuts"]["cuts"]) == {"a", "b"}
    assert {"mean", "low", "high"} == set(found["over_half"]["macro_recall"])


def test_a_diagnosis_prints_a_table_or_json(ablate, scores):
    said = ablate("diagnose", "counts.csv", "--documents", "1000")
    assert (said.code, said.err) == (0, "")
    assert "effective number .999" in said.out
    found = json.loads(ablate("diagnose", "counts.csv", "--documents", "1000", "--format", "json").out)
    # (1000 - 200) / 200
    (inverse,) = [scheme for scheme in found["schemes"] if scheme["scheme"] == "inverse"]
    assert inverse["highest"] == 4.0
    assert found["advice"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["audit", "nowhere.csv"], "no such file: nowhere.csv; give a Parquet or CSV file of scores"),
        (["audit", "scores.csv", "--format", "jsn"], "unknown format 'jsn'; did you mean 'json'?"),
        (["audit", "scores.csv", "--scale", "odds"], "unknown scale 'odds'; give logits or probabilities"),
        (["audit", "scores.csv", "--labels", "label"], "no column 'label'; did you mean 'labels'?"),
        (["audit", "scores.csv", "--counts", "no.csv"], "no such file: no.csv"),
        (["audit", "scores.csv", "--label-names", "no.txt"], "--label-names no.txt: cannot be read"),
        (["audit", "scores.csv", "--alarms-per-document", "0"], "--alarms-per-document is 0.0; give a number above 0"),
        (["audit", "scores.csv", "--cuts", "scores.csv"], "name the same file; give each its own"),
        (["audit", "scores.csv", "--cuts", "x", "--per-label", "x"], "name the same file; give each its own"),
        (["audit", "scores.csv", "--cuts", "."], "is a folder; give a file to write to"),
        (["audit", "scores.csv", "--cuts", "counts.csv/x.json"], "cannot be written"),
        (["diagnose", "counts.csv"], "counts.csv: counts without the number of training documents; give --documents N"),
        (["diagnose", "no.csv"], "no such file: no.csv"),
        (["diagnose", "scores.csv"], "scores.csv: no column 'text'"),
        (["diagnose", "counts.csv", "--documents", "9", "--format", "x"], "unknown format 'x' (known: table, json)"),
    ],
)
def test_a_mistake_is_one_line_and_code_2(ablate, scores, tmp_path: Path, arguments: list[str], message: str):
    before = sorted(path.name for path in tmp_path.iterdir())
    said = ablate(*arguments)
    (line,) = said.err.splitlines()
    assert (said.code, said.out) == (2, "")
    assert line.startswith("error: ")
    assert message in line
    assert sorted(path.name for path in tmp_path.iterdir()) == before
