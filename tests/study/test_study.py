"""A study end to end: what it leaves behind."""

from __future__ import annotations

import csv
import json
import sqlite3
import tomllib
import zipfile
from pathlib import Path

import numpy as np
import pytest
from small_study import ARMS, BOARDS, CONTROLS, PLAN, RUNS_OF_ARM, Seen, board, bodies, confirmed, plan, rows

from ablate.catalog import CEILINGS
from ablate.results.record import key_of
from ablate.study.conduct import prepare
from ablate.synthesis.generate import generate

PERMANENT = {"baseline", "as-asked", "predict-everything", "prior-only", "tfidf-linear"}


def test_a_study_writes_its_plan_its_records_and_its_boards(finished: Path):
    written = {path.name for path in finished.iterdir()}
    assert {"study.toml", "study.db", "records", "recommendation.json", *BOARDS} <= written
    assert written <= {"study.toml", "study.db", "records", "recommendation.json", *BOARDS, ".lock", ".progress.json"}
    assert all(path.stat().st_size for path in finished.iterdir() if path.name != ".lock")
    assert {path.suffix for path in (finished / "records").iterdir()} == {".json", ".npz"}


def test_every_run_that_was_announced_has_its_record(finished: Path):
    found = bodies(finished)
    assert len(found) == ARMS * RUNS_OF_ARM + CONTROLS
    for arm in ("baseline", "as-asked", "focal"):
        own = [b["identity"] for b in found if b["arm"] == arm]
        assert sorted(i["seed"] for i in own if i["phase"] == "tune") == [1000, 1000, 1001, 1001, 1002, 1002]
        assert sorted(i["seed"] for i in own if i["phase"] == "confirm") == [0, 1]


def test_a_record_is_named_by_what_determines_it(finished: Path):
    for path in (finished / "records").glob("*.json"):
        body = json.loads(path.read_bytes())
        assert path.stem == body["key"] == key_of(body["identity"])
        assert len(body["curve"]["steps"]) == (26 if body["kind"] == "strategy" else 0)
    identity = confirmed(finished, "focal")[0]["identity"]
    assert set(identity) == {
        *("schema", "phase", "strategy", "backbone", "data_sha256", "content_sha256", "split_seed", "max_length"),
        *("batch_size", "steps", "precision", "device", "alarms_per_document", "seed"),
    }
    assert identity["backbone"] == {"name": "bag", "weights_sha256": "from scratch"}


def test_only_confirming_runs_have_looked_at_the_test_split(finished: Path):
    for body in bodies(finished):
        arrays = (finished / "records" / f"{body['key']}.npz").exists()
        confirming = body["identity"]["phase"] == "confirm"
        assert ("test" in body, arrays) == (confirming, confirming)


def test_arms_share_the_design_and_start_from_the_defaults(finished: Path):
    tuned = [b for b in bodies(finished) if b["trial"] is not None]
    for trial in (0, 1):
        same = [b["parameters"] for b in tuned if b["trial"] == trial]
        assert len(same) == ARMS
        assert len({(p["optimizer.scale"], p["head.dropout"]) for p in same}) == 1
    (default,) = {b["parameters"]["loss.gamma"] for b in tuned if b["arm"] == "focal" and b["trial"] == 0}
    assert default == 2.0


def test_the_permanent_rows_need_no_naming_and_only_strategies_have_a_rank(finished: Path):
    found = rows(finished)
    assert set(found) == PERMANENT | {"focal"} | set(CEILINGS)
    for name, row in found.items():
        beside = "control" if name in ("predict-everything", "prior-only", "tfidf-linear") else "ceiling"
        strategy = name not in (*CEILINGS, "predict-everything", "prior-only", "tfidf-linear")
        assert row["kind"] == ("strategy" if strategy else beside)
        assert row["rank"] is None or strategy
    assert {row["rank"] for row in found.values()} >= {None, 1}


def test_a_row_has_the_figures_that_a_reader_asks_for(finished: Path):
    row = rows(finished)["focal"]
    assert row["runs"] == 2
    for interval in ("macro_recall_at_budget", "micro_recall_at_budget", "delta_macro"):
        assert row[interval]["low"] <= row[interval]["mean"] <= row[interval]["high"]
    assert {"macro_recall", "micro_recall", "alarms_per_document", "micro_precision"} <= set(row["at_half"])
    assert {"settled", "worst_dip", "seed_sd", "worst_seed", "spikes", "verdicts"} <= set(row["stability"])
    assert set(row["parameters"]) == {"optimizer.scale", "head.dropout", "loss.gamma"}
    assert row["notes"] == ["from scratch"]
    assert row["trials"] == 2


def test_the_board_says_what_it_was_made_of(finished: Path):
    found = board(finished)
    assert (found["study"], found["dataset"]["documents"], found["dataset"]["labels"]) == ("small", 400, 64)
    assert found["selection"]["configurations"] == "defaults and a shared quasi-random design"
    assert found["budget"]["rho"] == 1.0


def test_every_model_raised_as_many_alarms_as_the_budget_says(finished: Path):
    budget = board(finished)["budget"]["alarms_per_document"]
    documents = board(finished)["dataset"]["test_documents"]
    for body in bodies(finished):
        if "test" in body:
            assert body["test"]["at_budget"]["alarms_per_document"] == round(budget * documents) / documents


def test_the_resolved_plan_leaves_nothing_open_and_names_no_place(finished: Path):
    written = tomllib.loads((finished / "study.toml").read_text())
    assert written["strategies"] == ["baseline", "as-asked", "focal"]
    settled = [key for key in PLAN if key not in ("strategies", "workers")]
    assert {key: written[key] for key in settled} == {key: PLAN[key] for key in settled}
    assert (written["base"], written["rho"], len(written["data_sha256"])) == ("full", 1.0, 64)
    assert isinstance(written["max_length"], int)
    assert not {"out", "cache", "device", "quiet", "dry_run", "workers", "hours"} & set(written)


def files(folder: Path) -> dict[str, bytes]:
    """Bytes of every file, archives member by member."""
    found: dict[str, bytes] = {}
    for path in sorted(folder.rglob("*")):
        if path.suffix == ".npz":
            with zipfile.ZipFile(path) as archive:
                found |= {f"{path.name}/{name}": archive.read(name) for name in archive.namelist()}
        elif path.is_file():
            found[path.name] = path.read_bytes()
    return found


def test_no_text_of_a_document_and_no_path_is_written(finished: Path):
    texts = generate("quickstart", PLAN["documents"]).texts
    needles = [encoded for text in texts for encoded in (text.encode(), text.encode("utf-32-le"))]
    for name, data in files(finished).items():
        assert str(finished.parents[1]).encode() not in data, name
        assert str(Path.cwd()).encode() not in data, name
        assert b"/tmp/" not in data, name
        assert not any(needle in data for needle in needles), name
    assert min(len(text.split()) for text in texts) >= 4  # what was looked for is no single word


def test_the_table_of_labels_has_a_line_for_each_label_and_row(finished: Path):
    with (finished / "labels.csv").open(newline="") as file:
        lines = list(csv.DictReader(file))
    names = generate("quickstart", PLAN["documents"]).names
    focal = [line for line in lines if line["strategy"] == "focal"]
    assert sorted(line["label"] for line in focal) == sorted(names)
    assert all(int(line["training_positives"]) >= 1 for line in focal)


def test_the_database_holds_the_trials_of_every_arm(finished: Path):
    with sqlite3.connect(finished / "study.db") as database:
        studies = {name for (name,) in database.execute("select study_name from studies")}
        (trials,) = database.execute("select count(*) from trials").fetchone()
    database.close()
    assert studies == {"baseline", "as-asked", "focal"}
    assert trials == ARMS * PLAN["trials"]


def test_arrays_are_read_without_pickle(finished: Path):
    for path in (finished / "records").glob("*.npz"):
        with np.load(path, allow_pickle=False) as arrays:
            assert all(arrays[name].dtype != object for name in arrays.files)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [({"rho": 2.0}, 2.0), ({"rho": 0.5}, 0.5), ({}, 1.0)],
)
def test_rho_is_a_multiple_of_the_labels_per_document(tmp_path, cache: Path, changes: dict, expected: float):
    ready = prepare(plan(tmp_path / "out", cache, **changes), Seen())
    cardinality = ready.dataset.part("train")[1].lengths.mean()
    assert ready.settings.alarms_per_document == pytest.approx(expected * cardinality)
    assert ready.settled["rho"] == expected
    assert not (tmp_path / "out").exists()


def test_alarms_per_document_are_taken_as_given(tmp_path, cache: Path):
    ready = prepare(plan(tmp_path / "out", cache, alarms_per_document=7.5), Seen())
    assert (ready.settings.alarms_per_document, ready.settled["rho"]) == (7.5, None)
