"""JSONL files: one object per line."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from ablate.data.tables import Part, refuse_twice
from ablate.data.textlines import Digest, decoded
from ablate.errors import AblateError

SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")  # an escape that is text only as one of a pair


def read_json_lines(path: Path, digest: Digest) -> Part:
    """Read one file; blank lines are skipped and keys that a line leaves out are null there.

    Raises :class:`AblateError` with the line at what is not a JSON object.
    """
    found = _gather(path.name, _objects(path, digest))
    if found is None:
        raise AblateError(f"{path.name}: empty file; give one JSON object per line")
    return found


def stream_json_lines(path: Path, most: int) -> Iterator[Part]:
    """The same file as parts of at most ``most`` rows, numbered on, so that only one of them need be in memory."""
    rows = _objects(path, hashlib.sha256())
    while (found := _gather(path.name, islice(rows, most))) is not None:
        yield found


def _gather(file: str, rows: Iterator[tuple[int, dict[str, object]]]) -> Part | None:
    columns: dict[str, list[object]] = {}
    numbers: list[int] = []
    for number, row in rows:
        for name, value in row.items():
            if name not in columns:
                columns[name] = [None] * len(numbers)
            columns[name].append(value)
        numbers.append(number)
        if len(row) < len(columns):
            for column in columns.values():
                column.extend([None] * (len(numbers) - len(column)))
    if not numbers:
        return None
    return Part(file, {name: column.copy for name, column in columns.items()}, numbers, word="line")


def _objects(path: Path, digest: Digest) -> Iterator[tuple[int, dict[str, object]]]:
    for number, line in enumerate(decoded(path, digest), 1):
        if line.strip():
            yield number, _object(line, f"{path.name}, line {number}")


def _object(line: str, place: str) -> dict[str, object]:
    def refusing(pairs: list[tuple[str, object]]) -> dict[str, object]:
        refuse_twice([name for name, _ in pairs], place)
        return dict(pairs)

    try:
        value = json.loads(line, object_pairs_hook=refusing)
    except (ValueError, RecursionError) as error:
        reason = f"{error.msg} at character {error.colno}" if isinstance(error, json.JSONDecodeError) else "unreadable"
        raise AblateError(f"{place}: malformed JSON ({reason}); give one JSON object per line") from None
    if not isinstance(value, dict):
        raise AblateError(f"{place}: a JSON {type(value).__name__}, not an object; give one JSON object per line")
    if SURROGATE.search(line):
        _refuse_half_characters(value, place)
    return value


def _refuse_half_characters(value: dict[str, object], place: str) -> None:
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise AblateError(f"{place}: half of a surrogate pair (\\ud800 to \\udfff) alone; remove the escape") from None
