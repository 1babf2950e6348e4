"""The texts of a file some rows at a time, for what needs each text once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from ablate.data.columns import texts_of
from ablate.data.delimited import stream_delimited
from ablate.data.files import FORMATS, SUFFIXES
from ablate.data.jsonlines import stream_json_lines
from ablate.data.tables import Part
from ablate.errors import AblateError


def stream(path: Path, text: str, most: int) -> Iterator[tuple[list[int], list[str]]]:
    """Row numbers and texts of a Parquet, CSV, TSV or JSONL file, at most ``most`` at a time.

    Rows are numbered as a person sees them (see :class:`~ablate.data.tables.Part`).

    Raises:
        AblateError: no such file, an unknown suffix, no such column, or a cell without a text, with its row.
    """
    suffix = path.suffix.lower()
    if not path.exists():
        raise AblateError(f"no such file: {path}; check the path")
    if path.is_dir():
        raise AblateError(f"'{path}' is a folder; give one file at a time")
    if suffix not in SUFFIXES:
        raise AblateError(f"{path.name}: unknown suffix {path.suffix!r}; give {FORMATS}")
    rows = 0
    for part in _parts(path, suffix, text, most):
        rows += len(part)
        yield list(part.numbers), texts_of(part, text)
    if not rows:
        raise AblateError(f"{path.name}: no rows; give a file with documents")


def _parts(path: Path, suffix: str, text: str, most: int) -> Iterator[Part]:
    if suffix in (".parquet", ".pq"):
        from ablate.data.parquet import stream_parquet  # pyarrow is slow to import

        return stream_parquet(path, text, most)
    if suffix in (".jsonl", ".ndjson"):
        return stream_json_lines(path, most)
    return stream_delimited(path, "\t" if suffix == ".tsv" else ",", most)
