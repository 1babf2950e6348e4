"""Scores in columns: Parquet files and pandas frames."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from ablate.data.parquet import DAMAGE, read_parquet
from ablate.data.tables import Part, refuse_twice
from ablate.errors import AblateError
from ablate.results.scores.blocks import LIST, ROWS, Block, block_of, of_lists


class ParquetSource:
    """A Parquet file; score columns are those of floating-point numbers."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.part = read_parquet(path, hashlib.sha256())
        with pq.ParquetFile(path) as file:
            fields = list(file.schema_arrow)
        self.numeric = tuple(f.name for f in fields if pa.types.is_floating(f.type) or pa.types.is_decimal(f.type))
        self.listed = any(f.name == LIST and pa.types.is_nested(f.type) for f in fields)

    def blocks(self, columns: Sequence[str]) -> Iterator[Block]:
        """As the protocol says."""
        start = 0
        try:
            with pq.ParquetFile(self.path) as file:
                for batch in file.iter_batches(ROWS, columns=list(columns)):
                    yield block_of(batch.select(list(columns)), self.part, start)
                    start += batch.num_rows
        except DAMAGE:
            raise AblateError(f"{self.path.name}: damaged after row {start}; write or copy the file again") from None


class FrameSource:
    """A pandas frame; rows are called by their place, counted from 0."""

    def __init__(self, frame: pd.DataFrame) -> None:
        self.frame = frame
        names = [str(name) for name in frame.columns]
        refuse_twice(names, "scores")
        cells = {name: frame.iloc[:, i] for i, name in enumerate(names)}
        self.part = Part("scores", {name: partial(_cells, column) for name, column in cells.items()}, range(len(frame)))
        if not len(frame):
            raise AblateError("scores: columns and no rows; give documents")
        self.numeric = tuple(name for name, column in cells.items() if column.dtype.kind == "f")
        self.listed = LIST in cells and cells[LIST].dtype.kind == "O"

    def blocks(self, columns: Sequence[str]) -> Iterator[Block]:
        """As the protocol says."""
        places = [list(self.part.columns).index(name) for name in columns]
        for start in range(0, len(self.frame), ROWS):
            rows = self.frame.iloc[start : start + ROWS, places]
            if self.listed and list(columns) == [LIST]:
                yield of_lists(pa.array([_plain(v) for v in rows.iloc[:, 0]], pa.list_(pa.float64())), self.part, start)
            else:
                yield rows.to_numpy(np.float64, na_value=np.nan)


def _cells(column: pd.Series) -> list[object]:
    return [_plain(cell) for cell in column]


def _plain(cell: object) -> object:
    """Arrays and tuples as lists, numpy's numbers as Python's."""
    if isinstance(cell, np.ndarray | np.generic):
        found: object = cell.tolist()
        return found
    return list(cell) if isinstance(cell, tuple) else cell
