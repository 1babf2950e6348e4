"""Tables as read from a source, before anything is known of what their columns mean."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from ablate.errors import AblateError, near

SPLIT_WORDS = {"train": 0, "validation": 1, "dev": 1, "val": 1, "valid": 1, "test": 2}
"""The words that name a split, with its index into :data:`ablate.data.dataset.SPLITS`."""


@dataclass(frozen=True)
class Part:
    """The rows of one file.

    ``columns`` gives, by name, how to get the cells, so that a Parquet column nobody asks for is never turned into
    Python objects. ``numbers`` are the row numbers that a person sees (the header of a CSV file is row 1, lines of
    JSONL and rows of Parquet count from 1); ``lines`` are the lines of a text file where they can differ from the
    row numbers. ``split`` is the split that the file's own name tells, for files of a folder.
    """

    file: str
    columns: Mapping[str, Callable[[], Sequence[object]]]
    numbers: Sequence[int]
    word: str = "row"
    lines: Sequence[int] | None = None
    split: int | None = None

    def __len__(self) -> int:
        return len(self.numbers)

    def place(self, row: int) -> str:
        """Where a row stands, such as ``train.csv, row 7``, for error messages; ``row`` counts from 0."""
        number = self.numbers[row]
        line = self.lines[row] if self.lines is not None else number
        return f"{self.file}, {self.word} {number}" + (f" (line {line})" if line != number else "")

    def cells(self, name: str, option: str) -> Sequence[object]:
        """The cells of one column; ``option`` is the command-line option that names another one.

        Raises :class:`AblateError` naming the columns present where there is no such column.
        """
        if name not in self.columns:
            raise AblateError(f"{self.file}: no column {name!r}{self.hint(name)}; give {option} NAME")
        return self.columns[name]()

    def hint(self, name: str) -> str:
        """The near match and the columns present, for the message about a missing column."""
        present = sorted(self.columns)
        printable = [known for known in present if known.isprintable()]
        shown = ", ".join(shorten(known) for known in present[:20])
        more = f" and {len(present) - 20:,} more" if len(present) > 20 else ""
        return f"{near(name, printable)}; columns present: {shown}{more}"


@dataclass(frozen=True)
class Table:
    """All that a source holds: its name, its files in name order, the sha256 of its bytes, its commit on the hub."""

    name: str
    parts: tuple[Part, ...]
    sha256: str
    revision: str | None = None


def shorten(value: object, limit: int = 40) -> str:
    """A value as shown in an error message: on one line, in quotes, at most ``limit`` characters."""
    shown = repr(value)
    return shown if len(shown) <= limit else shown[: limit - 1] + "…"


def refuse_twice(names: Sequence[str], place: str) -> None:
    """Raise :class:`AblateError` where a column name comes twice."""
    twice = sorted({name for name in names if names.count(name) > 1}) if len(set(names)) < len(names) else []
    if twice:
        raise AblateError(f"{place}: two columns are named {shorten(twice[0])}; rename one of them")
