"""CSV and TSV files, read strictly."""

from __future__ import annotations

import csv
import hashlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path

from ablate.data.tables import Part, refuse_twice
from ablate.data.textlines import Digest, decoded
from ablate.errors import AblateError


def read_delimited(path: Path, delimiter: str, digest: Digest) -> Part:
    """Read one file whose first row names the columns; all cells are text and blank lines are skipped.

    Rows are numbered as a spreadsheet does: the header is row 1, and a cell with a line end in it makes no new row.
    Raises :class:`AblateError` with the row at a wrong number of fields and at a quote that is never closed.
    """
    with _fields_of_any_length():
        rows, names = _opened(path, delimiter, digest)
        found = _gather(rows, names, path.name, delimiter)
    if found is None:
        raise AblateError(f"{path.name}: a header and no rows; add documents")
    return found


def stream_delimited(path: Path, delimiter: str, most: int) -> Iterator[Part]:
    """The same file as parts of at most ``most`` rows, numbered on, so that only one of them need be in memory."""
    rows, names = _opened(path, delimiter, hashlib.sha256())
    while True:
        with _fields_of_any_length():  # not while the caller has the part
            found = _gather(islice(rows, most), names, path.name, delimiter)
        if found is None:
            return
        yield found


def _opened(path: Path, delimiter: str, digest: Digest) -> tuple[Iterator[tuple[int, int, list[str]]], list[str]]:
    """The rows after the header, and the names in it."""
    rows = _records(path, delimiter, digest)
    _, _, header = next(rows, (1, 1, []))
    names = [name.strip() for name in header]
    if not names:
        raise AblateError(f"{path.name}: empty file; give one with a header and rows")
    refuse_twice(names, f"{path.name}, row 1")
    return rows, names


def _gather(rows: Iterator[tuple[int, int, list[str]]], names: list[str], file: str, delimiter: str) -> Part | None:
    """Columns of cells with their row numbers and line numbers; None where there is no row."""
    cells: list[list[str]] = [[] for _ in names]
    numbers, lines = [], []
    for number, line, row in rows:
        if len(row) != len(names):
            raise AblateError(
                f"{file}, row {number}{_line(number, line)}: {len(row)} fields where the header has {len(names)}; "
                f"put quotes around a field that holds {delimiter!r}"
            )
        numbers.append(number)
        lines.append(line)
        for column, cell in zip(cells, row, strict=True):
            column.append(cell)
    if not numbers:
        return None
    return Part(file, {name: column.copy for name, column in zip(names, cells, strict=True)}, numbers, lines=lines)


def _records(path: Path, delimiter: str, digest: Digest) -> Iterator[tuple[int, int, list[str]]]:
    """Row number, line that it starts on and fields of each row that is not blank."""
    reader = csv.reader(decoded(path, digest), delimiter=delimiter, strict=True)
    number = 0
    while True:
        number += 1
        line = reader.line_num + 1
        try:
            row = next(reader, None)
        except csv.Error as error:
            place = f"{path.name}, row {number}{_line(number, line)}"
            raise AblateError(f"{place}: malformed: {_reason(str(error))}") from None
        if row is None:
            return
        if row:
            yield number, line, row


def _line(number: int, line: int) -> str:
    return f" (line {line})" if line != number else ""


def _reason(error: str) -> str:
    if "unexpected end of data" in error:
        return 'a quote (") is opened and never closed; close it, or double it where it belongs to the text'
    if "new-line character" in error:
        return "a carriage return inside a row; save the file with line ends LF or CRLF"
    return f'{error}; put quotes around the field and double each quote (") inside it'


@contextmanager
def _fields_of_any_length() -> Iterator[None]:
    """Documents may be longer than the csv module's limit, which is the whole process's: put it back after."""
    limit = csv.field_size_limit(min(sys.maxsize, 2**31 - 1))
    try:
        yield
    finally:
        csv.field_size_limit(limit)
