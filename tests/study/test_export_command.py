"""``ablate export`` and ``ablate predict`` at the terminal, on a study that takes seconds."""

from __future__ import annotations

import csv
import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from small_study import confirmed, plan

import ablate
from ablate.cli import main
from ablate.export.chosen import choose
from ablate.export.deployed import DeployedModel
from ablate.export.restored import agreement
from ablate.metrics.alarms import Adjustment
from ablate.results.folder import read
from ablate.study.conduct import study
from ablate.train.evaluate import score

TEXTS = ["the first text", "a second one, longer", "third"]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A study with kept weights; its cache lies beside it."""
    place = tmp_path_factory.mktemp("study")
    study(plan(place / "small", place / "cache", trials=1, keep_weights=True))
    return place / "small"


@pytest.fixture
def command(monkeypatch, capsys):
    def call(*arguments: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["ablate", *map(str, arguments)])
        try:
            main()
            code = 0
        except SystemExit as end:
            code = int(end.code or 0)
        return code, *capsys.readouterr()

    return call


@pytest.fixture(scope="module")
def model(made: Path, tmp_path_factory) -> Path:
    from ablate.export.command import Order, export

    out = tmp_path_factory.mktemp("models") / "kept"
    export(Order(made, out, "focal", cache=str(made.parent / "cache")), lambda line: None)
    return out


@pytest.fixture
def documents(tmp_path: Path) -> Path:
    file = tmp_path / "new.csv"
    with file.open("w", newline="") as opened:
        table = csv.writer(opened)
        table.writerow(["id", "text"])
        table.writerows(enumerate(TEXTS))
    return file


def test_a_run_made_again_is_the_run_whose_weights_were_kept(made, model, command, tmp_path):
    again = Path(shutil.copytree(made, tmp_path / "small"))
    shutil.rmtree(again / "weights")
    code, out, err = command(
        "export", again, "--strategy", "focal", "--out", tmp_path / "m", "--cache", made.parent / "cache"
    )
    assert (code, err) == (0, "")
    assert "weights: not kept, so the run is made again with its seed" in out
    assert "its test figures agree with the record" in out
    assert "transformers cannot load it: it has no class for bag" in out
    kept, trained = ablate.load_model(model), ablate.load_model(tmp_path / "m")
    np.testing.assert_allclose(kept.scores(TEXTS), trained.scores(TEXTS), atol=1e-6)
    np.testing.assert_array_equal(kept.cuts, trained.cuts)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["m", "small"]


def test_the_card_says_data_figures_with_intervals_rule_and_use(made, model):
    card = (model / "README.md").read_text()
    body = next(b for b in confirmed(made, "focal") if b["key"] == ablate.load_model(model).told["record"])
    row = next(r for r in read(made).board["rows"] if r["strategy"] == "focal")
    level = row["macro_recall_at_budget"]
    interval = f"{level['mean']:.3f} [{level['low']:.3f}, {level['high']:.3f}]"
    for expected in (
        body["dataset"]["sha256"],
        f"{body['dataset']['train_documents']} train",
        f"{body['test']['at_budget']['macro_recall']:.3f} | {interval}",
        f"alarms per document as deployed | {body['test']['as_deployed']['alarms_per_document']:.3f}",
        "its test figures agree with the record",
        "transformers cannot load this folder: it has no class for bag",
    ):
        assert expected in card, expected


def test_the_run_is_chosen_on_validation_and_a_seed_can_be_asked_for(made):
    found = read(made)
    runs = confirmed(made, "focal")
    best = max(runs, key=lambda b: b["validation"]["balanced_recall"])
    assert choose(found, "focal", None, lambda b: True).body["key"] == best["key"]
    other = next(b for b in runs if b["key"] != best["key"])
    assert choose(found, "focal", other["identity"]["seed"], lambda b: True).body["key"] == other["key"]
    assert choose(found, "focal", None, lambda b: b["key"] == other["key"]).body["key"] == other["key"]


def test_figures_that_differ_from_the_record_are_named(made):
    (body, *_) = confirmed(made, "focal")
    assert agreement(body, body)[0]
    other = json.loads(json.dumps(body))
    other["test"]["as_deployed"]["micro_recall"] += 0.01
    same, told = agreement(other, body)
    assert not same
    assert "micro recall as deployed" in told


@pytest.mark.parametrize("suffix", ["parquet", "csv", "tsv", "jsonl"])
def test_predictions_are_one_row_per_document(suffix, model, documents, command, tmp_path):
    out = tmp_path / f"said.{suffix}"
    code, told, err = command("predict", model, documents, "--out", out)
    assert (code, err) == (0, "")
    assert "3 documents" in told
    loaded = ablate.load_model(model)
    rows, called, scores = _predictions(out, loaded.labels)
    assert rows == [2, 3, 4]
    assert called == loaded(TEXTS)
    np.testing.assert_allclose(scores, loaded.scores(TEXTS), atol=1e-6)


def _predictions(file: Path, labels):
    if file.suffix == ".parquet":
        found = pq.read_table(file).to_pylist()
    elif file.suffix == ".jsonl":
        found = [{**row, **row["scores"]} for row in map(json.loads, file.read_text().splitlines())]
    else:
        with file.open(newline="") as opened:
            found = list(csv.DictReader(opened, delimiter="\t" if file.suffix == ".tsv" else ","))
        for row in found:
            row["labels_called"] = json.loads(row["labels_called"])
    scores = [[float(row[label]) for label in labels] for row in found]
    return [int(row["row"]) for row in found], [row["labels_called"] for row in found], scores


def test_without_an_output_file_lines_go_to_the_terminal(model, documents, command):
    code, out, _ = command("predict", model, documents)
    assert code == 0
    assert [json.loads(line)["row"] for line in out.splitlines()] == [2, 3, 4]


def test_blocks_give_what_one_block_gives(model, tmp_path, command, monkeypatch):
    texts = [f"text number {i} {'word ' * (i % 7)}" for i in range(23)]
    file = tmp_path / "many.parquet"
    pq.write_table(pa.table({"body": texts, "other": range(23)}), file, row_group_size=5)
    outs = []
    for most in (1024, 4):
        monkeypatch.setattr("ablate.export.predict.MOST", most)
        assert command("predict", model, file, "--text", "body", "--out", tmp_path / f"{most}.jsonl")[0] == 0
        outs.append([json.loads(line) for line in (tmp_path / f"{most}.jsonl").read_text().splitlines()])
    assert [row["row"] for row in outs[0]] == list(range(1, 24)) == [row["row"] for row in outs[1]]
    assert [row["labels_called"] for row in outs[0]] == [row["labels_called"] for row in outs[1]]


def test_mistakes_are_one_line_and_leave_nothing(made, model, documents, command, tmp_path):
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "config.json").write_text('{"model_type": "bert"}')
    bad = tmp_path / "bad.jsonl"
    bad.write_text('{"text": "fine"}\n{"text": ""}\n')
    out = tmp_path / "out.csv"
    before = sorted(tmp_path.iterdir())
    cases = [
        (("predict", model, documents, "--text", "body", "--out", out), "no column 'body'"),
        (("predict", tmp_path / "none", documents, "--out", out), "no model folder"),
        (("predict", tmp_path / "other", documents, "--out", out), "was not written by ablate export"),
        (("predict", model, tmp_path / "gone.csv", "--out", out), "no such file"),
        (("predict", model, bad, "--out", out), "line 2"),
        (("predict", model, documents, "--out", tmp_path / "out.xlsx"), "unknown suffix"),
        (("export", tmp_path / "other", "--out", tmp_path / "m"), "has no study.toml"),
        (("export", made, "--strategy", "focla", "--out", tmp_path / "m"), "did you mean 'focal'"),
        (("export", made, "--strategy", "tfidf-linear", "--out", tmp_path / "m"), "control"),
        (("export", made, "--strategy", "focal", "--seed", 9, "--out", tmp_path / "m"), "no finished confirming run"),
        (("export", made, "--strategy", "focal", "--out", model), "exists already"),
        (("export", made, "--strategy", "focal", "--data", documents, "--out", tmp_path / "m"), ""),
        (("export", made, "--strategy", "focal", "--data", tmp_path / "gone.csv", "--out", tmp_path / "m"), "gone.csv"),
    ]
    for arguments, expected in cases:
        code, said, err = command(*arguments)
        assert (code, said) == (2, ""), arguments
        assert expected in err, err
        assert err.startswith("error: ")
        assert err.count("\n") == 1
    assert sorted(tmp_path.iterdir()) == before


def test_weights_of_another_run_are_refused(made, command, tmp_path):
    again = Path(shutil.copytree(made, tmp_path / "small"))
    for file in (again / "weights").iterdir():
        file.write_bytes(file.read_bytes()[:-8])
    code, _, err = command("export", again, "--strategy", "focal", "--out", tmp_path / "m", "--cache", tmp_path / "c")
    assert code == 2
    assert "holds no weights of this run" in err


def test_a_file_that_is_there_is_never_written_over(model, documents, command, monkeypatch):
    monkeypatch.setattr("ablate.export.predict.load_model", lambda *_: pytest.fail("the model was loaded"))
    before = documents.read_bytes()
    code, _, err = command("predict", model, documents, "--out", documents)
    assert (code, err) == (2, f"error: '{documents}' exists already; give another --out\n")
    assert documents.read_bytes() == before


def test_a_reader_that_stops_early_ends_it_quietly(model, tmp_path):
    file = tmp_path / "many.csv"
    file.write_text("text\n" + "some words\n" * 5000)  # more than a pipe holds
    line = [sys.executable, "-m", "ablate", "predict", str(model), str(file)]
    with subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert json.loads(process.stdout.readline())["row"] == 2
        process.stdout.close()
        said = process.stderr.read()
    assert (process.returncode, said) == (0, b"")


def test_a_bag_is_applied_without_transformers(model, documents):
    code = (
        "import sys\nfrom ablate.cli import main\n"
        f"sys.argv = ['ablate', 'predict', {str(model)!r}, {str(documents)!r}]\n"
        "try:\n    main()\nexcept SystemExit as end:\n    assert not end.code\n"
        "assert 'transformers' not in sys.modules\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert len(done.stdout.splitlines()) == len(TEXTS)


def test_an_interrupt_says_that_nothing_was_written(made, command, tmp_path, monkeypatch):
    def stopped(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("ablate.export.command.card", stopped)  # the folder is nearly whole by then
    code, _, err = command(
        "export", made, "--strategy", "focal", "--out", tmp_path / "m", "--cache", made.parent / "cache"
    )
    assert (code, err) == (130, "stopped; nothing was written\n")
    assert not list(tmp_path.iterdir())


def test_of_a_run_in_bf16_the_model_in_fp32_is_judged_under_cuts_of_its_own(tmp_path, command, monkeypatch):
    from ablate.export import checked

    held = []
    inside = checked.in_fp32
    monkeypatch.setattr(checked, "in_fp32", lambda *given: held.append((given, inside(*given))) or held[0][1])
    cache = tmp_path / "cache"
    study(plan(tmp_path / "half", cache, trials=1, keep_weights=True, precision="bf16"))
    code, out, err = command(
        "export", tmp_path / "half", "--strategy", "focal", "--out", tmp_path / "m", "--cache", cache
    )
    assert (code, err) == (0, "")
    ((_, restored), found) = held[0]
    model, prepared = ablate.load_model(tmp_path / "m"), restored.setting.prepared
    np.testing.assert_array_equal(model.cuts, found.cuts)

    def scores(split):
        return model.scores([prepared.dataset.texts[row] for row in prepared.rows[split]])

    labels, setting = prepared.labels["test"], restored.setting
    assert model.called(scores("validation")).sum() == round(
        setting.alarms_per_document * len(prepared.rows["validation"])
    )
    mine = model.called(scores("test"))
    theirs = score(restored.model, setting.inputs, prepared.rows["test"], restored.loss, setting)
    chosen = restored.figures["validation"]
    prior = prepared.stats().prior.double().numpy()
    run = Adjustment(chosen["tau"], chosen["scale"]).apply(theirs, prior) >= np.float32(chosen["cut"])
    differing = int((mine != run).sum())
    assert (found.alarms, found.differing) == (int(run.sum()), differing)
    hits = mine[labels.rows, labels.indices].mean()
    assert found.figures["micro_recall"] == pytest.approx(hits)
    record = next(b for b in confirmed(tmp_path / "half", "focal") if b["key"] == model.told["record"])
    there = record["test"]["as_deployed"]
    for expected in (
        "the cuts are those of the model in fp32",
        f"{differing:,} alarms are raised by it or by the bf16 run alone ({int(run.sum()):,} by the run)",
        f"micro recall {hits:.3f} / {there['micro_recall']:.3f}",
        f"alarms per document {mine.sum() / len(mine):.3f} / {there['alarms_per_document']:.3f}",
    ):
        assert expected in out, out
        assert expected in (tmp_path / "m" / "README.md").read_text()


def test_in_fp32_scores_that_differ_by_more_than_rounding_are_refused(tmp_path, command, monkeypatch):
    cache = tmp_path / "cache"
    study(plan(tmp_path / "whole", cache, trials=1, keep_weights=True, precision="fp32"))

    def call(out: str) -> tuple[int, str, str]:
        return command("export", tmp_path / "whole", "--strategy", "focal", "--out", tmp_path / out, "--cache", cache)

    code, out, err = call("good")
    assert (code, err) == (0, "")
    assert "checked: its scores of" in out
    assert "in fp32" not in out + (tmp_path / "good" / "README.md").read_text()
    inside = DeployedModel.scores
    monkeypatch.setattr(DeployedModel, "scores", lambda *given: inside(*given) + np.float32(1e-4))
    code, _, err = call("bad")
    assert code == 2
    assert "differ from the run's by 0.0001; nothing was written" in err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["cache", "good", "whole"]
