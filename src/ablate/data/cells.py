"""Cells of a labels column: lists, separated strings, single names and 0/1 marks."""

from __future__ import annotations

import json
from collections.abc import Sequence

from ablate.data.tables import Part, shorten
from ablate.errors import AblateError

SEPARATORS = ("|", ";", ",")
KINDS: dict[type, str] = {
    str: "text",
    int: "an integer",
    list: "a list",
    dict: "an object",
    bool: "true or false",
    float: "a decimal number",
    type(None): "null",
}
MARKS = {"1": True, "true": True, "0": False, "false": False}


def guess_separator(cells: Sequence[object]) -> str | None:
    """The first of ``|``, ``;`` and ``,`` that occurs in any cell of a file, JSON arrays apart; else None."""
    texts = [cell for cell in cells if isinstance(cell, str) and not _bracketed(cell)]
    return next((mark for mark in SEPARATORS if any(mark in text for text in texts)), None)


def label_lists(part: Part, name: str, cells: Sequence[object], separator: str | None, arrays: bool) -> list[list[str]]:
    """The label names of each row of a labels column, spaces around and runs of spaces inside them dropped.

    A text is split at ``separator``, or is one name where that is None; with ``arrays``, a text in square brackets is a
    JSON array. Integers become text. Raises :class:`AblateError` with file and row at null, at types other than text
    and integer, at a mixture of types and at an empty name in a list.
    """
    reader = _Reader(part, name, separator, arrays)
    return [reader.names(row, cell) for row, cell in enumerate(cells)]


class _Reader:
    """Reads the cells of one column, remembering what kinds of value it has seen."""

    def __init__(self, part: Part, name: str, mark: str | None, arrays: bool) -> None:
        self.part, self.name, self.mark, self.arrays = part, name, mark, arrays
        self.cell_kind: type | None = None
        self.label_kind: type | None = None

    def names(self, row: int, cell: object) -> list[str]:
        """Label names in one cell."""
        if type(cell) not in (str, int, list):
            raise self._error(row, f"labels are {_kind(cell)}", "give a list or a text, empty where there are none")
        if self.cell_kind not in (None, type(cell)):
            raise self._mixed(row, _kind(cell), KINDS[self.cell_kind or str])
        self.cell_kind = type(cell)
        if isinstance(cell, list):
            return [self._label(row, value) for value in cell]
        if isinstance(cell, str):
            return self._text(row, cell)
        return [self._label(row, cell)]

    def _text(self, row: int, cell: str) -> list[str]:
        if self.arrays and _bracketed(cell):
            return [self._label(row, value) for value in self._array(row, cell)]
        pieces = cell.split(self.mark) if self.mark else [cell]
        return [self._label(row, piece) for piece in pieces if piece.strip()]

    def _array(self, row: int, cell: str) -> list[object]:
        try:
            values: list[object] = json.loads(cell)
            json.dumps(values, ensure_ascii=False).encode()
        except (ValueError, RecursionError):
            remedy = 'write it as ["a", "b"], or give --label-separator'
            raise self._error(row, "labels in square brackets are not a JSON array", remedy) from None
        return values

    def _label(self, row: int, value: object) -> str:
        if type(value) not in (str, int):
            raise self._error(row, f"a label is {_kind(value)}", "labels are texts or integers")
        if self.label_kind not in (None, type(value)):
            raise self._mixed(row, _kind(value), KINDS[self.label_kind or str])
        self.label_kind = type(value)
        label = plain(str(value))
        if not label:
            raise self._error(row, "a label is an empty text", "take it out of the list")
        if not label.isprintable() and any(ord(mark) < 32 or ord(mark) == 127 for mark in label):
            raise self._error(row, "a label holds a control character", "rename the label")
        return label

    def _mixed(self, row: int, this: str, before: str) -> AblateError:
        return self._error(row, f"labels of mixed types: {this} here, {before} before", "use one type throughout")

    def _error(self, row: int, what: str, remedy: str) -> AblateError:
        return AblateError(f"{self.part.place(row)}, column {shorten(self.name)}: {what}; {remedy}")


def plain(name: str) -> str:
    """A label name without spaces around it and without runs of spaces."""
    return " ".join(name.split())


def marks(part: Part, name: str, cells: Sequence[object]) -> list[bool]:
    """A column of 0/1 (or true/false) marks; anything else raises :class:`AblateError` with file and row."""
    found = []
    for row, cell in enumerate(cells):
        mark = MARKS.get(str(int(cell) if cell in (0.0, 1.0) else cell).strip().lower())
        if mark is None:
            what = f"{shorten(cell)} is not a 0/1 mark"
            raise AblateError(f"{part.place(row)}, column {shorten(name)}: {what}; give 0, 1, true or false")
        found.append(mark)
    return found


def _bracketed(cell: str) -> bool:
    text = cell.strip()
    return text.startswith("[") and text.endswith("]")


def _kind(value: object) -> str:
    return KINDS.get(type(value), f"a {type(value).__name__}")
