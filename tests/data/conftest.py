"""Writes small data files in the formats that are read."""

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

Rows = list[dict[str, Any]]
REAL = Path(__file__).parents[2] / ".." / "shared" / "data"


def write(path: Path, rows: Rows) -> Path:
    """Write rows by suffix; lists become ``a|b`` in CSV and TSV."""
    if path.suffix == ".parquet":
        pq.write_table(pa.Table.from_pylist(rows), path)
    elif path.suffix == ".jsonl":
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    else:
        with path.open("w", newline="") as file:
            table = csv.writer(file, delimiter="\t" if path.suffix == ".tsv" else ",")
            table.writerow(rows[0])
            table.writerows(["|".join(v) if isinstance(v, list) else v for v in row.values()] for row in rows)
    return path


def sample(documents: int = 40) -> Rows:
    """Documents with three frequent labels, one of two positives, and a few unlabelled ones."""
    names = (["red"], ["green", "blue"], ["blue"], [])
    rows: Rows = [{"text": f"document number {i}, told", "labels": list(names[i % 4])} for i in range(documents)]
    for row in rows[:2]:
        row["labels"] = sorted([*row["labels"], "rare"])
    return rows


@pytest.fixture(name="write")
def write_in_tmp_path(tmp_path: Path) -> Callable[[str, Rows], Path]:
    return lambda name, rows: write(tmp_path / name, rows)


@pytest.fixture
def text_file(tmp_path: Path) -> Callable[[str, str | bytes], Path]:
    def make(name: str, content: str | bytes) -> Path:
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return make


@pytest.fixture
def real() -> Callable[[str], Path]:
    def find(name: str) -> Path:
        if not (REAL / name).exists():
            pytest.skip(f"{name} is not at ../shared/data of the repository")
        return REAL / name

    return find
