"""Calibrating a spec that trains in a fraction of a second."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from ablate.data.dataset import Dataset
from ablate.data.labels import Labels
from ablate.data.source import load
from ablate.errors import AblateError
from ablate.study.calibrate import command
from ablate.study.calibrate.command import Order, run
from ablate.study.calibrate.levers import LEVEL, SPREADS, laid
from ablate.study.calibrate.training import STRATEGIES, Job, oracle, train
from ablate.study.settings import Settings
from ablate.synthesis import calibrated
from ablate.synthesis.calibrated import calibration, settled
from ablate.synthesis.card import readme
from ablate.synthesis.folder import write
from ablate.synthesis.generate import Generated, generate
from ablate.synthesis.presets import resolve
from ablate.synthesis.world import build
from ablate.train import run as training_run
from ablate.train.evaluate import score

SPEC = """name = "tiny"
seed = 5
labels = 12  # few

[documents]
total = 600
tail = 5

[counts]
rarest = 5
top = 0.3

[evidence]
level = 3.0
"""
STEPS = 40
SLOPE, TAIL_WORDS = SPREADS


@pytest.fixture
def tiny(tmp_path: Path) -> Path:
    path = tmp_path / "tiny.toml"
    path.write_text(SPEC)
    return path


def order(name: Path | str, **changes: Any) -> Order:
    plain = Order(str(name), 70, 45, None, "evidence.slope", seeds=2, trainings=2, steps=STEPS, workers=1, out=None)
    return replace(plain, **changes)


def with_tail(path: Path, made: Generated) -> Dataset:
    """The data set as a study loads it, the tail documents put behind its test documents."""
    dataset = load(f"synthetic:{path}")
    columns = [dataset.names.index(name) for name in made.names]
    rows = [*(dataset.labels.indices[a:b] for a, b in pairwise(dataset.labels.indptr)), *([[]] * len(made.tail.texts))]
    rows[len(dataset.texts) :] = [[columns[label] for label in row] for row in made.tail.labels.lists()]
    split = np.concatenate([dataset.split, np.full(len(made.tail.texts), 2, np.int8)])
    texts = [*dataset.texts, *made.tail.texts]
    return replace(dataset, texts=texts, labels=Labels.from_lists(rows, len(columns)), split=split)


@pytest.mark.parametrize(("strategy", "steps"), [("baseline", 40), ("as-asked", 200)])
def test_recall_is_that_of_a_run_of_a_study_counted_document_by_document(tiny, tmp_path, strategy, steps):
    made = generate(str(tiny))
    dataset = with_tail(tiny, made)
    settings = Settings(dataset, torch.device("cpu"), "fp32", steps, 256, None, 1.0, tmp_path / "cache")
    setting = settings.of(STRATEGIES[strategy])
    outcome = training_run.run(STRATEGIES[strategy], setting, 3, lambda step, curve: True, lambda step: None)
    rows = dataset.rows("test")
    called = score(outcome.model, setting.inputs, rows, outcome.loss, setting) > outcome.loss.native_cut
    true = dataset.labels.take(rows).dense() > 0
    test = slice(0, len(rows) - len(made.tail.texts))
    hits: dict[str, list[bool]] = {name: [] for name in dataset.names}
    for row, label in zip(called[test.stop :], made.tail.label, strict=True):
        name = made.names[label]
        hits[name].append(row[dataset.names.index(name)])
    recalls = [called[test, c][true[test, c]].mean() for c in range(12) if true[test, c].any()]

    found = train(Job(resolve(str(tiny)), strategy, 3, steps))
    assert found.micro == pytest.approx(called[test][true[test]].mean(), abs=1e-12)
    assert found.macro == pytest.approx(np.mean([np.mean(own) for own in hits.values()]), abs=1e-12)
    assert found.macro_iid == pytest.approx(np.mean(recalls), abs=1e-12)
    assert found.alarms_per_document == pytest.approx(called[test].sum(1).mean(), abs=1e-12)
    assert 0.02 < found.macro < 0.98  # nothing above would see a wrong label if all or none were called


def test_the_oracle_calls_what_is_likelier_than_not(tiny):
    made, found = generate(str(tiny)), oracle(resolve(str(tiny)))
    called, true = made.eta("test").dense() > 0.5, np.zeros((120, 12), bool)
    for row, labels in enumerate(np.array(made.labels.lists(), dtype=object)[made.split == 2]):
        true[row, list(labels)] = True
    own = made.eta("tail").dense()[np.arange(60), made.tail.label] > 0.5
    assert found.micro == pytest.approx(called[true].mean(), abs=1e-12)
    assert found.macro == pytest.approx(own.mean(), abs=1e-12)  # as many documents for each label: the mean over all
    assert found.alarms_per_document == pytest.approx(called.sum() / 120, abs=1e-12)


def test_the_file_holds_what_the_card_says_and_all_else_as_it_was(tiny, capsys):
    card = run(order(tiny))
    assert json.loads((tiny.parent / "tiny.card.json").read_text()) == card
    assert resolve(str(tiny)).key == card["spec_sha256"]
    lines = tiny.read_text().splitlines()
    assert lines[: SPEC.splitlines().index("[evidence]")] == SPEC.splitlines()[:-2]
    assert f"level = {card['spec']['evidence.level']} # calibrated: tiny.card.json" in lines
    assert sorted(path.name for path in tiny.parent.iterdir()) == ["tiny.card.json", "tiny.toml"]
    assert card["reached"] is (max(abs(card["micro"] - 0.70), abs(card["macro"] - 0.45)) <= 0.02)
    assert ("not reached" in capsys.readouterr().out) is not card["reached"]


def test_figures_of_the_card_are_means_over_seeds_that_were_not_searched_on(tiny):
    card = run(order(tiny))
    spec = resolve(str(tiny))
    for row, strategy in ((card, "baseline"), (card["as_asked"], "as-asked")):
        natives = [train(Job(spec, strategy, seed, STEPS)) for seed in (1, 2)]
        assert [one["seed"] for one in row["per_seed"]] == [1, 2]
        assert row["micro"] == pytest.approx((natives[0].micro + natives[1].micro) / 2, abs=1e-4)
        assert row["macro"] == pytest.approx((natives[0].macro + natives[1].macro) / 2, abs=1e-4)
    assert card["oracle_at_half"] == oracle(spec).told()
    assert card["documents"] == {"train": 390, "validation": 90, "test": 120, "tail": 60}


def test_what_was_stopped_goes_on_and_ends_the_same(tiny, tmp_path, monkeypatch):
    whole, parts = tmp_path / "whole.json", tmp_path / "parts.json"
    done: list[Job] = []

    def counted(job: Job) -> Any:
        if len(done) == 3:
            raise KeyboardInterrupt
        done.append(job)
        return train(job)

    monkeypatch.setattr(command, "train", counted)
    with pytest.raises(KeyboardInterrupt):
        run(order(tiny, out=parts))
    assert not parts.exists()
    first = list(done)
    done[:] = [first[0]] * 4  # no more stops
    card = run(order(tiny, out=parts))
    assert not set(done[4:]) & set(first)
    monkeypatch.setattr(command, "train", train)
    assert run(order(tiny, out=whole)) == card
    assert whole.read_bytes() == parts.read_bytes()
    assert tiny.read_text() == SPEC  # --out leaves it
    assert not list(tmp_path.glob("*.trainings.json"))


@pytest.mark.slow
def test_processes_change_nothing(tiny, tmp_path):
    cards = [run(order(tiny, trainings=1, seeds=1, workers=n, out=tmp_path / f"{n}.json")) for n in (1, 2)]
    assert cards[0] == cards[1]


def test_a_lever_gives_back_what_it_places():
    for lever in (LEVEL, *SPREADS):
        for value in (lever.low, lever.value(0.37), lever.high):
            assert lever.value(lever.place(value)) == value
    assert (SLOPE.place(SLOPE.low), SLOPE.place(SLOPE.high), SLOPE.place(5)) == (0, 1, 1)
    assert (TAIL_WORDS.place(100), TAIL_WORDS.place(300)) == (1, 0)  # more words, less recall
    assert LEVEL.value(0.5) == 2.828  # the geometric mean of 1 and 8


def test_the_words_of_the_list_limit_a_lever():
    spec = resolve("forum-data-small")
    narrowed = TAIL_WORDS.within(spec)
    build(laid(spec, [narrowed], [narrowed.high]))
    with pytest.raises(AblateError, match="words"):
        build(laid(spec, [narrowed], [narrowed.high + 1]))
    assert SLOPE.within(spec) == SLOPE


SIZED = """# mine
name = "a"

[evidence]
level = 3.0  # free

[sizes.small.documents]
total = 9

[sizes.full]
labels = 4
"""


def test_a_size_gets_its_own_scalars_and_the_rest_stays_as_it_is_written():
    once = settled(SIZED, "small", {"evidence.level": 2.5, "evidence.slope": -0.1}, "a-small.card.json")
    said = "level = 2.5 # calibrated: a-small.card.json\nslope = -0.1 # calibrated: a-small.card.json\n"
    assert once == SIZED.replace("total = 9\n\n", f"total = 9\n\n[sizes.small.evidence]\n{said}\n")
    again = settled(once, "small", {"evidence.level": 2.75}, "a-small.card.json")
    assert again == once.replace("2.5", "2.75")


def test_a_preset_written_with_its_card_carries_it_until_it_is_changed(tmp_path, monkeypatch):
    spec = resolve("quickstart").scaled(900)
    spec = spec.model_copy(update={"documents": spec.documents.model_copy(update={"tail": 1})})
    row = {"micro": 0.701, "macro": 0.455, "per_seed": [{}, {}], "settings": {"steps": 50}}
    values = {"spec_sha256": spec.key, "target": {"micro": 0.7, "macro": 0.45}, **row}
    monkeypatch.setattr(calibrated, "card_path", lambda name: tmp_path / f"{name}.card.json")
    assert calibration(spec) is None
    (tmp_path / "quickstart.card.json").write_text(json.dumps(values))
    assert calibration(spec.scaled(901)) is None
    write(spec, tmp_path / "out")
    card = json.loads((tmp_path / "out" / "card.json").read_text())
    assert card["calibration"] == values
    assert "(50 steps, 2 seeds) has micro recall 70.1% and macro 45.5% at 0.5." in readme(card)
    (tmp_path / "quickstart.card.json").write_text("[]")
    with pytest.raises(AblateError, match="not a card of a calibration"):
        calibration(spec)
