"""What an audit makes of files, and of every mistake in them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from score_files import NAMES, frame, truth, written

from ablate.errors import AblateError
from ablate.results import audit

SUFFIXES = ("parquet", "csv")


def table() -> pd.DataFrame:
    y = truth(200, (0.4, 0.1, 0.05))
    return frame(np.random.default_rng(0).normal(size=y.shape).round(3) + 2 * y, y)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_file_says_the_same_as_the_frame_it_was_written_from(tmp_path: Path, suffix: str):
    path = written(tmp_path / f"scores.{suffix}", table())
    assert audit(path).figures == audit(table()).figures


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_many_blocks_are_one_table(tmp_path: Path, suffix: str, monkeypatch: pytest.MonkeyPatch):
    path = written(tmp_path / f"scores.{suffix}", table())
    expected = audit(path).figures
    monkeypatch.setattr("ablate.results.scores.columnar.ROWS", 7)
    monkeypatch.setattr("ablate.results.scores.delimited.BLOCK_BYTES", 300)
    assert audit(path).figures == expected


def test_lists_are_read_from_parquet_and_from_csv(tmp_path: Path):
    given = table()
    lists = [list(row) for row in given[list(NAMES)].to_numpy()]
    parquet = written(tmp_path / "scores.parquet", given[["labels", "split"]].assign(scores=lists))
    text = given[["labels", "split"]].assign(scores=[json.dumps(row) for row in lists])
    delimited = written(tmp_path / "scores.csv", text)
    names = tmp_path / "names.txt"
    names.write_text("a\nb\nc\n")
    (tmp_path / "names.json").write_text('["a", "b", "c"]')
    expected = audit(given).figures
    assert audit(parquet, label_names=names).figures == expected
    assert audit(delimited, label_names=tmp_path / "names.json").figures == expected


def test_labels_that_are_numbers_are_names(tmp_path: Path):
    given = table()
    renamed = dict(zip(NAMES, ("1", "2", "3"), strict=True))
    given = given.rename(columns=renamed).assign(labels=[[renamed[n] for n in names] for names in given["labels"]])
    single = given.assign(labels=[names[:1] for names in given["labels"]])
    found = audit(written(tmp_path / "scores.csv", single))
    assert found.labels["label"].tolist() == ["1", "2", "3"]


def test_texts_and_row_numbers_beside_the_scores_are_not_labels_and_are_named(tmp_path: Path):
    given = table().assign(text="some words", id=range(200))
    for suffix in SUFFIXES:
        found = audit(written(tmp_path / f"scores.{suffix}", given))
        assert found.labels["label"].tolist() == list(NAMES)
        (note,) = [note for note in found.notes if "not read" in note]
        assert "text" in note
        assert "id" in note


def test_blank_rows_of_a_csv_are_skipped_and_counted_in_row_numbers(tmp_path: Path):
    path = written(tmp_path / "scores.csv", table())
    lines = path.read_text().splitlines()
    path.write_text("\n".join([lines[0], "", *lines[1:3], "", *lines[3:], ""]) + "\n")
    assert audit(path).figures == audit(table()).figures
    broken = lines[3].rsplit(",", 1)[0] + ",abc"
    path.write_text("\n".join([lines[0], "", *lines[1:3], "", broken, *lines[4:]]) + "\n")
    # header 1, blank 2, rows 3 and 4, blank 5, broken 6
    with pytest.raises(AblateError, match=r"scores\.csv, row 6, column 'c': the score is 'abc'; give a number"):
        audit(path)


Change = Callable[[pd.DataFrame], pd.DataFrame]


def put(column: str, row: int, value: object) -> Change:
    def change(given: pd.DataFrame) -> pd.DataFrame:
        cells = given[column].astype(object).tolist() if column == "split" else given[column].tolist()
        cells[row] = value
        return given.assign(**{column: cells})

    return change


MISTAKES: dict[str, tuple[Change, str]] = {
    "no split": (lambda t: t.drop(columns="split"), "no column 'split'.*mark a random half of its documents"),
    "split near": (lambda t: t.rename(columns={"split": "splits"}), "no column 'split'; did you mean 'splits'"),
    "unknown split": (put("split", 3, "tset"), "row [45], column 'split': unknown split 'tset'; give train, valid"),
    "no validation": (lambda t: t.assign(split="test"), "no validation rows, so the cut cannot be chosen; score"),
    "no test": (lambda t: t.assign(split="dev"), "no test rows, so the cut cannot be judged"),
    "no labels": (lambda t: t.drop(columns="labels"), "no column 'labels'.*give --labels NAME"),
    "near name": (lambda t: t.rename(columns={"c": "cc"}), "1 labels of documents have no scores: 'c'"),
    "no scores": (lambda t: t[["labels", "split"]], "no score column; give one column of numbers per label"),
    "nan": (put("b", 4, float("nan")), "row [56].*'b': the score is (missing|empty)"),
    "infinite": (put("b", 4, float("inf")), "row [56], label 'b': the score is inf; give a finite number"),
    "names": (
        lambda t: t.rename(columns={"a": "x", "b": "y", "c": "z"}),
        "no label of a document has scores .documents carry 'a', scores are of 'x'.",
    ),
}


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_one_line_with_place_and_remedy(tmp_path: Path, mistake: str, suffix: str):
    change, message = MISTAKES[mistake]
    path = written(tmp_path / f"scores.{suffix}", change(table()))
    with pytest.raises(AblateError, match=message) as error:
        audit(path)
    assert "\n" not in str(error.value)
    assert str(error.value).startswith("scores")


def test_a_score_that_is_missing_is_named_by_its_row_in_the_file(tmp_path: Path):
    # rows of Parquet count from 1, the header of a CSV file is row 1
    path = written(tmp_path / "scores.parquet", put("b", 4, float("nan"))(table()))
    with pytest.raises(AblateError, match=r"scores\.parquet, row 5, label 'b': the score is missing \(NaN\)"):
        audit(path)
    path = written(tmp_path / "scores.csv", put("b", 4, float("nan"))(table()))
    with pytest.raises(AblateError, match=r"scores\.csv, row 6, column 'b': the score is empty"):
        audit(path)


def test_labels_without_scores_can_be_dropped_and_are_named(tmp_path: Path):
    path = written(tmp_path / "scores.parquet", table().drop(columns="c"))
    with pytest.raises(AblateError, match=r"have no scores: 'c'.*--drop-unscored"):
        audit(path)
    found = audit(path, drop_unscored=True)
    assert found.labels["label"].tolist() == ["a", "b"]
    assert "labels without scores, left out: c" in found.notes


@pytest.mark.parametrize(
    ("counts", "message"),
    [
        ("label,count\na,10\nb,5\n", "labels of documents have no scores: 'c'"),
        ("label,count\na,10\nb,5\nc,0.5\n", r"counts.csv, row 4, column 'count': '0.5' is no count"),
        ("label,count\na,10\nb,5\nc,-1\n", r"row 4, column 'count': '-1' is no count; give a whole number"),
        ("label,count\na,10\nb,5\na,3\n", r"counts.csv, row 4: label 'a' comes twice"),
        ("label,counts\na,10\n", "no column 'count'; did you mean 'counts'"),
        ("label,count\na,0\nb,0\nc,0\n", "no scored label has a training document"),
        ("label,count\nx,1\n", "no score column that the training counts name"),
    ],
)
def test_a_mistake_in_the_counts_is_named(tmp_path: Path, counts: str, message: str):
    (tmp_path / "counts.csv").write_text(counts)
    with pytest.raises(AblateError, match=message):
        audit(table(), counts=tmp_path / "counts.csv")


def test_more_positives_than_documents_are_refused():
    with pytest.raises(AblateError, match="--documents is 20, but label 'a' has 30"):
        audit(table(), counts={"a": 30, "b": 5, "c": 5}, documents=20)
    with pytest.raises(AblateError, match="--documents goes with --counts"):
        audit(table(), documents=20)


def test_counts_have_to_cover_the_named_labels():
    with pytest.raises(AblateError, match="no count for 1 scored labels: 'c'; did you mean 'cc'"):
        audit(table(), counts={"a": 30, "b": 5, "cc": 5}, label_names=NAMES)


def test_names_and_lists_have_to_agree(tmp_path: Path):
    given = table()
    lists = given[["labels", "split"]].assign(scores=given[list(NAMES)].to_numpy().tolist())
    with pytest.raises(AblateError, match="lists of 3 scores, but 4 label names"):
        audit(lists, label_names=("a", "b", "c", "d"))
    with pytest.raises(AblateError, match="'scores' holds lists; name their labels with --label-names FILE"):
        audit(lists)
    lists.at[3, "scores"] = [1.0]
    with pytest.raises(AblateError, match=r"row 3, column 'scores': 1 scores, 3 elsewhere; give one score per label"):
        audit(lists, label_names=NAMES)
    with pytest.raises(AblateError, match="label 'a' comes twice"):
        audit(lists, label_names=("a", "b", "a"))


def test_scores_outside_of_0_to_1_are_no_probabilities():
    with pytest.raises(AblateError, match="below 0 or above 1 is no probability; give --scale logits"):
        audit(table(), scale="probabilities")
    with pytest.raises(AblateError, match="unknown scale 'odds'; give logits or probabilities"):
        audit(table(), scale="odds")


@pytest.mark.parametrize("content", [b"PAR1 and then nothing", b"no parquet"])
def test_a_damaged_parquet_file_is_refused(tmp_path: Path, content: bytes):
    (tmp_path / "scores.parquet").write_bytes(content)
    with pytest.raises(AblateError, match=r"scores\.parquet: not Parquet"):
        audit(tmp_path / "scores.parquet")


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("scores.csv", "", "no rows; give a header and a row"),
        ("scores.csv", "labels,split,a\n", "no rows; give a header and a row"),
        ("scores.csv", "labels,split,a\na,test\n", "row 2: 2 fields where the header has 3"),
        ("scores.csv", "labels,a,a\nx,1,2\n", "row 1: two columns are named 'a'"),
        ("scores.jsonl", "{}\n", "can hold no scores; give Parquet"),
        ("scores.npz", "x", "unknown suffix '.npz'; give Parquet"),
    ],
)
def test_a_file_of_another_kind_is_refused(tmp_path: Path, name: str, content: str, message: str):
    (tmp_path / name).write_text(content)
    with pytest.raises(AblateError, match=message):
        audit(tmp_path / name)


def test_a_file_that_is_not_there_is_named(tmp_path: Path):
    with pytest.raises(AblateError, match=r"no such file: .*nowhere\.csv"):
        audit(tmp_path / "nowhere.csv")
