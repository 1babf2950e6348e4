"""What the columns of a table mean: texts, labels, splits and groups."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ablate.data.cells import guess_separator, label_lists, marks, plain
from ablate.data.labels import Labels
from ablate.data.tables import SPLIT_WORDS, Part, Table, shorten
from ablate.errors import AblateError

SPLIT = "split"
ALL_OTHERS = ("*",)


@dataclass(frozen=True)
class Columns:
    """Which columns to read; ``label_columns`` of ``("*",)`` means all that have no other use."""

    text: str = "text"
    labels: str = "labels"
    label_separator: str | None = None
    label_columns: tuple[str, ...] | None = None
    group: str | None = None

    def marked(self, part: Part) -> tuple[str, ...]:
        """The names of the 0/1 columns in one file."""
        if self.label_columns == ALL_OTHERS:
            return tuple(sorted(set(part.columns) - {self.text, SPLIT, self.group}))
        return self.label_columns or ()


@dataclass(frozen=True)
class Documents:
    """Documents as given, before any split is made.

    Shapes: ``texts`` N strings; ``labels`` N x L with columns in ``names`` order (sorted); ``split`` int8 [N] as the
    source gives it, or None; ``groups`` int64 [N], the number of each document's group with -1 for none, or None.
    """

    texts: list[str]
    labels: Labels
    names: tuple[str, ...]
    split: NDArray[np.int8] | None
    groups: NDArray[np.int64] | None
    notes: tuple[str, ...] = ()


def documents(table: Table, columns: Columns) -> Documents:
    """Map the columns of a table; raises :class:`AblateError` with file, row and remedy at what cannot be meant."""
    _refuse_senseless(columns)
    texts = [text for part in table.parts for text in texts_of(part, columns.text)]
    guessed: set[str] = set()
    lists = [names for part in table.parts for names in _labels(part, columns, guessed)]
    labels, names = encode(lists, [plain(name) for part in table.parts for name in columns.marked(part)])
    if not len(labels.indices):
        raise AblateError(f"{table.parts[0].file}: no document has a label; check the column of labels")
    notes = tuple(f"labels are separated by {mark!r} (guessed)" for mark in sorted(guessed))
    return Documents(texts, labels, names, _splits(table), _groups(table, columns.group), notes)


def encode(lists: Sequence[Sequence[str]], declared: Sequence[str] = ()) -> tuple[Labels, tuple[str, ...]]:
    """Labels N x L and their L names in sorted order, from the names of each document; repeats are dropped.

    ``declared`` labels have a column even where no document carries them.
    """
    seen: dict[str, int] = {}
    for name in declared:
        seen.setdefault(name, len(seen))
    flat = [seen.setdefault(name, len(seen)) for names in lists for name in names]
    names = sorted(seen)
    number = np.empty(len(seen), np.int64)
    number[[seen[name] for name in names]] = np.arange(len(seen))
    lengths = np.fromiter((len(row) for row in lists), np.int64, len(lists))
    rows = np.repeat(np.arange(len(lists), dtype=np.int64), lengths)
    return from_pairs(rows, number[np.asarray(flat, np.int64)], len(lists), len(names)), tuple(names)


def from_pairs(rows: NDArray[np.int64], columns: NDArray[np.int64], documents: int, width: int) -> Labels:
    """Labels from pairs of document and column in any order, repeats allowed; both arrays are [pairs]."""
    pairs = np.unique(rows * max(1, width) + columns)
    lengths = np.bincount(pairs // max(1, width), minlength=documents)
    indptr = np.concatenate([np.zeros(1, np.int64), np.cumsum(lengths)]).astype(np.int64)
    return Labels(indptr, (pairs % max(1, width)).astype(np.int32), width)


def _refuse_senseless(columns: Columns) -> None:
    if columns.label_separator == "":
        raise AblateError("--label-separator is empty; give a character such as '|' or leave the option out")
    listed = columns.label_columns or (columns.labels,)
    if columns.text in listed:
        raise AblateError(f"column {columns.text!r} is named for both text and labels; name two columns")
    if len(set(listed)) < len(listed):
        raise AblateError("--label-columns names a column twice; name each once")


def texts_of(part: Part, name: str) -> list[str]:
    """The texts of one file; raises :class:`AblateError` with the row of the first cell that is none."""
    cells = part.cells(name, "--text")
    texts = [cell for cell in cells if isinstance(cell, str) and cell.strip() and "\0" not in cell]
    if len(texts) < len(cells):
        raise _bad_text(part, name, cells)
    return texts


def _bad_text(part: Part, name: str, cells: Sequence[object]) -> AblateError:
    """The error for the first cell that is no text; the cell itself is not shown."""
    for row, cell in enumerate(cells):
        place = f"{part.place(row)}, column {shorten(name)}"
        if cell is None:
            return AblateError(f"{place}: the text is null; fill it or remove the row")
        if not isinstance(cell, str):
            kind = type(cell).__name__
            return AblateError(f"{place}: the text is of type {kind}, not a string; name the text column with --text")
        if not cell.strip():
            return AblateError(f"{place}: the text is empty; fill it or remove the row")
        if "\0" in cell:
            return AblateError(f"{place}: the text holds a NUL; remove it")
    raise AssertionError("called without a bad cell")


def _labels(part: Part, columns: Columns, guessed: set[str]) -> list[list[str]]:
    """Label names of each row; a separator that had to be guessed is added to ``guessed``."""
    if columns.label_columns is not None:
        return _marked(part, columns)
    cells, mark = part.cells(columns.labels, "--labels"), columns.label_separator
    if mark is None:
        mark = guess_separator(cells)
        guessed.update({mark} if mark else ())
    return label_lists(part, columns.labels, cells, mark, arrays=columns.label_separator is None)


def _marked(part: Part, columns: Columns) -> list[list[str]]:
    names = columns.marked(part)
    if not names:
        raise AblateError(f"{part.file}: no columns left to be labels; name them with --label-columns")
    lists: list[list[str]] = [[] for _ in range(len(part))]
    for name in names:
        found = marks(part, name, part.cells(name, "--label-columns"))
        for row in np.flatnonzero(found):
            lists[row].append(plain(name))
    return lists


def _splits(table: Table) -> NDArray[np.int8] | None:
    """The split of each document, from the column ``split``, else from file names; None where neither tells."""
    told = [SPLIT in part.columns or part.split is not None for part in table.parts]
    if not any(told):
        return None
    if not all(told):
        part = table.parts[told.index(False)]
        raise AblateError(
            f"{part.file}: tells no split where other files do; add a column 'split' or "
            "begin the file's name with train, validation or test"
        )
    return np.concatenate([split_of_rows(part) for part in table.parts])


def split_of_rows(part: Part) -> NDArray[np.int8]:
    """The split of each row of one file, int8 [rows], an index into :data:`ablate.data.dataset.SPLITS`."""
    if SPLIT not in part.columns:
        return np.full(len(part), part.split, np.int8)
    found = np.empty(len(part), np.int8)
    for row, cell in enumerate(part.columns[SPLIT]()):
        number = SPLIT_WORDS.get(cell.strip().lower(), -1) if isinstance(cell, str) else -1
        if number < 0:
            known = "train, validation (dev, val, valid) or test"
            raise AblateError(f"{part.place(row)}, column 'split': unknown split {shorten(cell)}; give {known}")
        found[row] = number
    return found


def _groups(table: Table, name: str | None) -> NDArray[np.int64] | None:
    if name is None:
        return None
    seen: dict[str, int] = {}
    numbers = []
    for part in table.parts:
        for row, cell in enumerate(part.cells(name, "--group")):
            if isinstance(cell, list | dict):
                raise AblateError(
                    f"{part.place(row)}, column {shorten(name)}: a group is one value, not {shorten(cell)}"
                )
            empty = cell is None or cell == "" or cell != cell  # NaN is how some writers say null
            numbers.append(-1 if empty else seen.setdefault(str(cell), len(seen)))
    return np.asarray(numbers, np.int64)
