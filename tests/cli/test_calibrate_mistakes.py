"""A calibration that cannot be is refused in one line, before anything is trained."""

from __future__ import annotations

from pathlib import Path

import pytest

SPEC = """name = "tiny"
labels = 12

[documents]
total = 600
tail = 5

[counts]
top = 0.3
"""


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["quickstart", "--micro", "0"], "--micro is 0; give a per cent between 0 and 100"),
        (["quickstart", "--macro", "100"], "--macro is 100; give a per cent between 0 and 100"),
        (["quickstart", "--seeds", "0"], "--seeds is 0; give 1 or more"),
        (["quickstart", "--documents", "900"], "--documents makes another size than quickstart has; give --out FILE"),
        (["quickstart", "--spread", "keywords.tial"], "no such lever; did you mean 'keywords.tail'?"),
        (["quikstart"], "no such preset; did you mean 'quickstart'?"),
        (["quickstart", "--out", "no/such/card.json"], "cannot be written; make the folder or give another --out"),
        (["bare.toml"], "documents.tail is 0 and macro recall is measured on these; give it 1 or more"),
        (["short.toml", "--spread", "keywords.tail"], "are free; lower keywords.tail or .head"),
        (["quickstart", "--out", "a.card.json"], "a.trainings.json: not a journal of trainings"),
    ],
)
def test_mistakes_are_refused_in_one_line(ablate, tmp_path, monkeypatch, options, message):
    monkeypatch.chdir(tmp_path)
    Path("bare.toml").write_text(SPEC.replace("tail = 5", "tail = 0"))
    Path("short.toml").write_text(SPEC.replace("labels = 12", "labels = 600"))
    Path("a.trainings.json").write_text("[1]")
    said = ablate("calibrate", *options)
    assert said.code == 2
    (line,) = said.err.splitlines()
    assert line.startswith("error: ")
    assert message in line
