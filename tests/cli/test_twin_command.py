"""``twin`` at the command line."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from ablate.synthesis.counts import training_counts
from ablate.synthesis.presets import resolve
from ablate.synthesis.spec import Evidence

NAMES = ("zq-invoice", "zq-refund", "zq-outage", "zq-other")


@pytest.fixture
def mails(tmp_path: Path) -> Path:
    rng = np.random.default_rng(0)
    lines = []
    for number in range(300):
        labels = [name for name, share in zip(NAMES, (0.4, 0.3, 0.1, 0.03), strict=True) if rng.random() < share]
        told = [f"xx{name[3:]}" for name in labels] + [f"yy{rng.integers(30)}" for _ in range(rng.integers(3, 12))]
        lines.append(json.dumps({"text": " ".join([*told, f"doc{number}"]), "labels": labels}))
    path = tmp_path / "mails.jsonl"
    path.write_text("\n".join(lines) + "\n")
    return path


def test_counts_become_a_spec_with_these_counts(ablate, tmp_path: Path):
    (tmp_path / "counts.csv").write_text("label,count\nzq-few,7\nzq-many,500\nzq-none,0\n")
    said = ablate("twin", "counts.csv", "--documents", "1000", "--out", "mine.toml", "--name", "mine")
    assert (said.code, said.err) == (0, "")
    spec = resolve("mine.toml")
    assert (spec.name, training_counts(spec).tolist()) == ("mine", [500, 7])
    assert "1 labels without a training document are left out" in said.out
    assert "not known from counts alone" in said.out
    assert "zq" not in Path("mine.toml").read_text()


def test_a_spec_of_data_holds_no_word_and_no_label_of_it_and_is_compared(ablate, mails: Path):
    said = ablate("twin", "mails.jsonl", "--out", "specs/mine.toml")
    assert (said.code, said.err) == (0, "")
    written = Path("specs/mine.toml").read_text()
    assert resolve("specs/mine.toml").labels == 4
    assert not [mark for mark in ("zq", "invoice", "refund", "xx", "yy", "doc1", "mails") if mark in written]
    subjects = ("training positives", "labels per document", "co-occurrence", "words per document", "quick model")
    assert all(subject in said.out for subject in subjects)
    assert "\x1b" not in said.out


def test_the_spec_can_be_scaled_and_made(ablate, mails: Path):
    assert ablate("twin", "mails.jsonl", "--out", "mine.toml", "--scale-to", "900", "--no-quick-model").code == 0
    assert resolve("mine.toml").documents.total == 900
    said = ablate("data", "synthetic:mine.toml")
    assert (said.code, said.err) == (0, "")
    assert "900" in said.out


def test_the_evidence_can_be_fitted_to_the_recall_on_the_data(ablate, mails: Path):
    said = ablate("twin", "mails.jsonl", "--out", "mine.toml", "--match-recall", "--no-quick-model")
    assert (said.code, said.err) == (0, "")
    # each label of these mails has a word of its own: a model finds more than the default level lets it
    assert resolve("mine.toml").evidence.level > Evidence().level


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["counts.csv", "--out", "a.toml"], "counts.csv: counts without the number of training documents; give --doc"),
        (["counts.csv", "--documents", "3", "--out", "a.toml"], "--documents is 3, but label 'a' has 5"),
        (["counts.csv", "--documents", "9", "--out", "a.json"], "--out is 'a.json'; give the name of a .toml file"),
        (["counts.csv", "--documents", "9", "--out", "there.toml"], "'there.toml' is there already; give another"),
        (["counts.csv", "--documents", "9", "--out", "a.toml", "--name", "My set"], "--name is 'My set'; give small"),
        (["counts.csv", "--documents", "9", "--out", "a.toml", "--scale-to", "0"], "--scale-to is 0; give 1 or more"),
        (["counts.csv", "--documents", "9", "--out", "a.toml", "--scale-to", "2"], "no twin of 2 documents"),
        (["counts.csv", "--documents", "9", "--out", "a.toml", "--match-recall"], "--match-recall needs texts"),
        (["mails.jsonl", "--documents", "9", "--out", "a.toml"], "--documents goes with a file of label,count"),
        (["mials.jsonl", "--out", "a.toml"], "no such file: mials.jsonl; did you mean 'mails.jsonl'?"),
        (["mails.jsonl", "--labels", "label", "--out", "a.toml"], "did you mean 'labels'?"),
    ],
)
def test_what_cannot_be_is_refused_in_one_line_and_nothing_is_written(ablate, mails, tmp_path, arguments, message):
    (tmp_path / "counts.csv").write_text("label,count\na,5\nb,2\n")
    (tmp_path / "there.toml").write_text("kept")
    said = ablate("twin", *arguments)
    assert said.code == 2
    (line,) = said.err.splitlines()
    assert line.startswith("error: ")
    assert message in line
    assert sorted(path.name for path in tmp_path.glob("*.toml")) == ["there.toml"]
    assert (tmp_path / "there.toml").read_text() == "kept"
