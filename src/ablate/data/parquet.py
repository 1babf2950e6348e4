"""Parquet files, read a column at a time."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from ablate.data.tables import Part, refuse_twice
from ablate.data.textlines import Digest
from ablate.errors import AblateError

# What pyarrow raises on damaged bytes; ArrowException covers only a part of it.
DAMAGE = (pa.ArrowException, ArithmeticError, KeyError, IndexError, MemoryError, OSError, TypeError, ValueError)
BLOCK = 1 << 20


def read_parquet(path: Path, digest: Digest) -> Part:
    """Read one file; rows are numbered from 1, and a column is decoded when it is asked for.

    Raises :class:`AblateError` at what is not Parquet and, from the columns, at damaged data.
    """
    with path.open("rb") as file:
        if file.read(4) != b"PAR1":
            raise AblateError(f"{path.name}: not Parquet (no PAR1 at its start); give the file its true suffix")
        file.seek(0)
        while block := file.read(BLOCK):
            digest.update(block)
    try:
        with pq.ParquetFile(path, page_checksum_verification=True) as source:
            names, rows = [str(name) for name in source.schema_arrow.names], source.metadata.num_rows
    except DAMAGE:
        raise _damaged(path) from None
    refuse_twice(names, path.name)
    if rows <= 0:
        raise AblateError(f"{path.name}: columns and no rows; add documents")
    return Part(path.name, {name: _Cells(path, name, rows) for name in names}, range(1, rows + 1))


def stream_parquet(path: Path, name: str, most: int) -> Iterator[Part]:
    """The column ``name`` as parts of at most ``most`` rows, numbered on; the other columns are there by name alone."""
    whole = read_parquet(path, hashlib.sha256())
    others = dict.fromkeys(whole.columns, _nothing)
    if name not in others:
        yield Part(path.name, others, range(1))  # whoever asks for the column is told what there is
        return
    start = 1
    try:
        with pq.ParquetFile(path, page_checksum_verification=True) as source:
            for batch in source.iter_batches(most, columns=[name]):
                batch.validate(full=True)
                cells = batch.column(0).to_pylist()
                yield Part(path.name, others | {name: cells.copy}, range(start, start + len(cells)))
                start += len(cells)
    except DAMAGE:
        raise _damaged(path, f" in column {name!r}") from None


def _nothing() -> list[object]:
    raise KeyError("a column that was not asked for")


class _Cells:
    """Reads one column when called."""

    def __init__(self, path: Path, name: str, rows: int) -> None:
        self.path, self.name, self.rows = path, name, rows

    def __call__(self) -> list[object]:
        try:
            with pq.ParquetFile(self.path, page_checksum_verification=True) as source:
                column = source.read(columns=[self.name]).column(self.name)
            column.validate(full=True)
            cells: list[object] = column.to_pylist()
        except DAMAGE:
            raise _damaged(self.path, f" in column {self.name!r}") from None
        if len(cells) != self.rows:
            raise _damaged(self.path, f" in column {self.name!r}")
        return cells


def _damaged(path: Path, where: str = "") -> AblateError:
    return AblateError(f"{path.name}: not Parquet or damaged{where}; write or copy the file again")
