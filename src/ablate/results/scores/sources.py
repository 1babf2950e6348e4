"""Where scores come from: a file or a frame, read a block of rows at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Protocol

import pandas as pd

from ablate.data.files import SUFFIXES
from ablate.data.tables import Part
from ablate.errors import AblateError
from ablate.results.scores.blocks import Block
from ablate.results.scores.columnar import FrameSource, ParquetSource
from ablate.results.scores.delimited import DelimitedSource


class Source(Protocol):
    """Rows with labels, a split and scores.

    ``part`` holds the columns other than scores and knows how a row is called; ``numeric`` are the columns that may
    be scores; ``listed`` tells whether ``scores`` is a column of lists.
    """

    part: Part
    numeric: tuple[str, ...]
    listed: bool

    def blocks(self, columns: Sequence[str]) -> Iterator[Block]:
        """The scores in row order, float64 [rows, L] each; NaN where there is none. Columns are the L labels', or
        ``scores`` alone for lists. Raises :class:`AblateError` at what is no number.
        """
        ...


def open_scores(given: str | Path | pd.DataFrame) -> Source:
    """A source for a Parquet or CSV file, or for a frame of the same form; raises :class:`AblateError`."""
    if isinstance(given, pd.DataFrame):
        return FrameSource(given)
    path = Path(given).expanduser()
    if not path.is_file():
        raise AblateError(f"no such file: {path}; give a Parquet or CSV file of scores")
    suffix = path.suffix.lower()
    if suffix in (".parquet", ".pq"):
        return ParquetSource(path)
    if suffix not in (".csv", ".tsv"):
        other = "can hold no scores" if suffix in SUFFIXES else f"unknown suffix {suffix!r}"
        raise AblateError(f"{path.name}: {other}; give Parquet (.parquet, .pq), CSV (.csv) or TSV (.tsv)")
    return DelimitedSource(path)
