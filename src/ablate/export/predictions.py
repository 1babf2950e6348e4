"""Files of predictions: a row per document with the labels called and the score of every label."""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import numpy as np

from ablate.errors import AblateError
from ablate.metrics.cuts import Scores

SUFFIXES = (".parquet", ".pq", ".csv", ".tsv", ".jsonl", ".ndjson")

#: Takes row numbers, labels called and scores [n, L] of the next documents.
Write = Callable[[Sequence[int], Sequence[Sequence[str]], Scores], None]


@contextmanager
def written(path: Path, labels: Sequence[str]) -> Iterator[Write]:
    """A file of predictions in the format of its suffix, there when the block ends well and not at all otherwise.

    Columns: ``row`` (the row number in the source), ``labels_called`` (a list; JSON in CSV) and one column of scores
    per label, under the label's name. JSON Lines hold the scores as an object.
    """
    kind = path.suffix.lower()
    if kind not in SUFFIXES:
        raise AblateError(f"--out {path.name}: unknown suffix {path.suffix!r}; give one of {', '.join(SUFFIXES)}")
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        if kind in (".parquet", ".pq"):
            with _parquet(temporary, labels) as write:
                yield write
        else:
            with temporary.open("w", encoding="utf-8", newline="") as file:
                yield json_lines(file, labels) if kind in (".jsonl", ".ndjson") else _delimited(file, labels, kind)
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def json_lines(file: IO[str], labels: Sequence[str]) -> Write:
    """Writes one JSON object per document."""

    def write(rows: Sequence[int], called: Sequence[Sequence[str]], scores: Scores) -> None:
        for row, names, values in zip(rows, called, scores.tolist(), strict=True):
            told = {"row": row, "labels_called": list(names), "scores": dict(zip(labels, values, strict=True))}
            file.write(json.dumps(told, ensure_ascii=False) + "\n")

    return write


def _delimited(file: IO[str], labels: Sequence[str], kind: str) -> Write:
    table = csv.writer(file, delimiter="\t" if kind == ".tsv" else ",", lineterminator="\n")
    table.writerow([*_own(labels), *labels])

    def write(rows: Sequence[int], called: Sequence[Sequence[str]], scores: Scores) -> None:
        for row, names, values in zip(rows, called, scores, strict=True):
            table.writerow([row, json.dumps(list(names), ensure_ascii=False), *(str(value) for value in values)])

    return write


@contextmanager
def _parquet(path: Path, labels: Sequence[str]) -> Iterator[Write]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    row, called_name = _own(labels)
    fields: list[Any] = [pa.field(row, pa.int64()), pa.field(called_name, pa.list_(pa.string()))]
    schema = pa.schema([*fields, *(pa.field(label, pa.float32()) for label in labels)])
    with pq.ParquetWriter(path, schema) as file:

        def write(rows: Sequence[int], called: Sequence[Sequence[str]], scores: Scores) -> None:
            columns = [pa.array(np.ascontiguousarray(column)) for column in scores.T]
            names = pa.array([list(names) for names in called], pa.list_(pa.string()))
            file.write_batch(pa.record_batch([pa.array(rows, pa.int64()), names, *columns], schema=schema))

        yield write


def _own(labels: Sequence[str]) -> tuple[str, str]:
    """Names of the columns that are no label's, with an underscore where a label has that name."""
    row, called = "row", "labels_called"
    while row in labels:
        row += "_"
    while called in labels:
        called += "_"
    return row, called
