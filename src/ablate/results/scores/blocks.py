"""Blocks of scores, checked: float64 [rows, L], one row per document."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from ablate.data.tables import Part, shorten
from ablate.errors import AblateError

Block = NDArray[np.float64]
LIST = "scores"
ROWS = 8192  # of a block: 32 MB at 485 labels


def block_of(batch: pa.RecordBatch, part: Part, start: int) -> Block:
    """A batch of lists or of number columns as an array."""
    if batch.num_columns == 1 and pa.types.is_nested(batch.schema.field(0).type):
        return of_lists(batch.column(0), part, start)
    columns = [_numbers(batch.column(i), part, str(batch.schema.names[i]), start) for i in range(batch.num_columns)]
    return np.column_stack(columns)


def _numbers(column: pa.Array, part: Part, name: str, start: int) -> Block:
    try:
        numbers = pc.cast(column, pa.float64())
    except pa.ArrowException:
        raise _no_number(column.to_pylist(), part, name, start) from None
    return np.asarray(numbers.to_numpy(zero_copy_only=False), np.float64)


def _no_number(cells: Sequence[object], part: Part, name: str, start: int) -> AblateError:
    for row, cell in enumerate(cells):
        try:
            float(str(cell))
        except ValueError:
            what = "is empty" if cell == "" else f"is {shorten(cell)}"
            return AblateError(f"{part.place(start + row)}, column {shorten(name)}: the score {what}; give a number")
    return AblateError(f"{part.file}, column {shorten(name)}: holds no numbers; give scores")


def of_lists(column: pa.Array, part: Part, start: int) -> Block:
    """A column of lists, one score per label in each."""
    lengths = np.asarray(pc.fill_null(pc.list_value_length(column), -1).to_numpy(zero_copy_only=False))
    return square(_numbers(column.flatten(), part, LIST, start), lengths, part, start)


def square(flat: Block, lengths: NDArray[np.integer], part: Part, start: int) -> Block:
    """Lists laid end to end, as rows of one length."""
    width = int(lengths.max())
    odd = np.flatnonzero(lengths != width) if width > 0 else np.zeros(1, np.int64)
    if len(odd):
        found = int(lengths[odd[0]])
        what = "no list" if found < 0 else f"{found} scores, {width} elsewhere" if width > 0 else "an empty list"
        raise AblateError(f"{part.place(start + int(odd[0]))}, column 'scores': {what}; give one score per label")
    return flat.reshape(len(lengths), -1)
