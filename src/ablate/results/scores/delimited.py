"""Scores in CSV and TSV files."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv as pcsv
from numpy.typing import NDArray

from ablate.data.tables import Part, refuse_twice
from ablate.errors import AblateError
from ablate.results.scores.blocks import LIST, Block, block_of, square

BLOCK_BYTES = 1 << 24


class DelimitedSource:
    """A CSV or TSV file, read strictly; rows are numbered as a spreadsheet does, blank rows are skipped."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.delimiter = "\t" if path.suffix.lower() == ".tsv" else ","
        header = self._header()
        refuse_twice(header, f"{path.name}, row 1")
        self._kept = self._rows([*header[:3], *header[3:][-1:]]) if header else np.zeros(0, np.int64)
        if not len(self._kept):
            raise AblateError(f"{path.name}: no rows; give a header and a row for each document")
        first = self._first(header)
        self.numeric = tuple(name for name in header if _is_number(first[name]))
        self.listed = first.get(LIST, "").lstrip().startswith("[")
        columns = {name: partial(self._cells, name) for name in header}
        self.part = Part(path.name, columns, [int(row) + 2 for row in self._kept])

    def _rows(self, names: Sequence[str]) -> NDArray[np.int64]:
        """Places of the rows that are not blank, by these columns."""
        blank: list[bool] = []
        for batch in self._batches(names):
            columns = [batch.column(i).to_pylist() for i in range(batch.num_columns)]
            blank += [not any(row) for row in zip(*columns, strict=True)]
        return np.flatnonzero(~np.array(blank, bool)).astype(np.int64)

    def _first(self, names: Sequence[str]) -> dict[str, str]:
        """The cells of the first row that is not blank."""
        batch = next(b for b in self._batches(names) if b.num_rows)
        place = int(self._kept[0])
        if place >= batch.num_rows:
            return dict.fromkeys(names, "")
        return {name: str(batch.column(i)[place].as_py()) for i, name in enumerate(names)}

    def _cells(self, name: str) -> list[object]:
        """One column as text."""
        cells = [cell for batch in self._batches([name]) for cell in batch.column(0).to_pylist()]
        return [cells[row] for row in self._kept]

    def blocks(self, columns: Sequence[str]) -> Iterator[Block]:
        """As the protocol says."""
        physical = start = 0
        for batch in self._batches(columns):
            inside = self._kept[(self._kept >= physical) & (self._kept < physical + batch.num_rows)] - physical
            chosen = batch.take(pa.array(inside))
            physical += batch.num_rows
            if self.listed and list(columns) == [LIST]:
                yield self._json(chosen.column(0).to_pylist(), start)
            elif chosen.num_rows:
                yield block_of(chosen, self.part, start)
            start += chosen.num_rows

    def _json(self, cells: Sequence[str], start: int) -> Block:
        rows = []
        for row, cell in enumerate(cells):
            try:
                rows.append(np.array(json.loads(cell), np.float64).reshape(-1))
            except (ValueError, TypeError):
                what = "column 'scores' holds no list of numbers; write [0.1, 0.2]"
                raise AblateError(f"{self.part.place(start + row)}: {what}") from None
        lengths = np.array([len(row) for row in rows], np.int64)
        return square(np.concatenate(rows), lengths, self.part, start)

    def _batches(self, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
        """All cells as text, in blocks of some megabytes."""
        wrong: list[pcsv.InvalidRow] = []

        def refuse(row: pcsv.InvalidRow) -> str:
            wrong.append(row)
            return "error"

        header = self._header()
        try:
            reader = pcsv.open_csv(
                self.path,
                read_options=pcsv.ReadOptions(use_threads=False, block_size=BLOCK_BYTES),
                parse_options=pcsv.ParseOptions(
                    delimiter=self.delimiter,
                    newlines_in_values=True,
                    ignore_empty_lines=False,
                    invalid_row_handler=refuse,
                ),
                convert_options=pcsv.ConvertOptions(
                    column_types={name: pa.string() for name in header},
                    include_columns=list(columns),
                    strings_can_be_null=False,
                ),
            )
            yield from reader
        except (pa.ArrowException, OSError) as error:
            raise self._refused(wrong, error) from None

    def _header(self) -> list[str]:
        from csv import reader

        with self.path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
            return next(reader(file, delimiter=self.delimiter), [])

    def _refused(self, wrong: Sequence[pcsv.InvalidRow], error: Exception) -> AblateError:
        if wrong:
            row = wrong[0]
            what = f"row {row.number}: {row.actual_columns} fields where the header has {row.expected_columns}"
            return AblateError(f"{self.path.name}, {what}; put quotes around a field that holds {self.delimiter!r}")
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        return AblateError(f"{self.path.name}: cannot be read as CSV ({reason}); write the file again, in UTF-8")


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True
