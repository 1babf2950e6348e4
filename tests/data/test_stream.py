"""Texts that come in blocks are those that come at once, with the same row numbers and the same complaints."""

from __future__ import annotations

import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ablate.data.files import read
from ablate.data.stream import stream
from ablate.errors import AblateError

TEXTS = [f"text {number}" for number in range(11)]


@pytest.fixture(params=["csv", "tsv", "jsonl", "parquet"])
def file(request, tmp_path):
    path = tmp_path / f"some.{request.param}"
    if request.param == "parquet":
        pq.write_table(pa.table({"text": TEXTS, "n": range(11)}), path, row_group_size=4)
    elif request.param == "jsonl":
        path.write_text("".join(json.dumps({"text": text, "n": 1}) + "\n\n" for text in TEXTS))
    else:
        mark = "," if request.param == "csv" else "\t"
        path.write_text(f"text{mark}n\n" + "".join(f"{text}{mark}1\n" for text in TEXTS))
    return path


@pytest.mark.parametrize("most", [1, 4, 11, 100])
def test_blocks_hold_every_row_once_under_its_number(file, most):
    found = list(stream(file, "text", most))
    assert max(len(rows) for rows, _ in found) <= most
    assert [text for _, texts in found for text in texts] == TEXTS
    (whole,) = read(file).parts
    assert [row for rows, _ in found for row in rows] == list(whole.numbers)


def test_a_missing_column_is_named_with_those_present(file):
    with pytest.raises(AblateError, match=r"no column 'txt'.*did you mean 'text'.*columns present: 'n', 'text'"):
        list(stream(file, "txt", 4))


def test_a_fault_is_told_with_its_row_in_the_file(tmp_path):
    path = tmp_path / "some.csv"
    path.write_text("text,n\n" + "fine,1\n" * 6 + "one field\n")
    with pytest.raises(AblateError, match="row 8"):
        list(stream(path, "text", 2))


@pytest.mark.parametrize("content", ["", "text,n\n"])
def test_a_file_without_rows_is_refused(content, tmp_path):
    path = tmp_path / "some.csv"
    path.write_text(content)
    with pytest.raises(AblateError):
        list(stream(path, "text", 2))
