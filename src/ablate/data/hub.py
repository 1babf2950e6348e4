"""Data sets of the Hugging Face hub, through the library ``datasets``."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from ablate.data.columns import SPLIT, Columns
from ablate.data.files import split_of
from ablate.data.tables import Part, Table
from ablate.errors import AblateError


def read_hub(address: str, columns: Columns) -> Table:
    """Read ``owner/name`` or ``owner/name:config``; splits that are neither train, validation nor test are left out.

    The sha256 is of the rows of the columns that are read, as JSON lines. Raises :class:`AblateError`.
    """
    name, _, config = address.partition(":")
    if not name:
        raise AblateError("hub: needs a name; give hub:owner/name or hub:owner/name:config")
    splits = _load(name, config or None)
    parts = [_part(f"hub:{address}, split {key}", split_of(key), rows) for key, rows in splits.items()]
    known = tuple(part for part in parts if part.split is not None)
    if not known:
        found = ", ".join(str(key) for key in splits)
        raise AblateError(
            f"hub:{address}: none of its splits ({found}) is train, validation or test; save it as a file"
        )
    return Table(address, known, _sha256(known, columns))


def _load(name: str, config: str | None) -> Mapping[str, Any]:
    try:
        from datasets import load_dataset

        with _quiet():
            splits: Mapping[str, Any] = load_dataset(name, config)
    except Exception as error:  # the library and the network raise what they like; here is where the user is told
        reason = next(iter(str(error).splitlines()), "")[:160]
        raise AblateError(
            f"hub:{name}: not reached or not there ({type(error).__name__}: {reason}); "
            "check the name and the network, or save the set as a file and give that"
        ) from None
    return splits


@contextmanager
def _quiet() -> Iterator[None]:
    """Without the lines that the hub's client logs at each of its retries: what matters is in the error."""
    logger = logging.getLogger("huggingface_hub")
    level = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        logger.setLevel(level)


def _part(place: str, split: int | None, rows: Any) -> Part:
    cells = {str(name): _cells(rows, str(name)) for name in rows.column_names}
    return Part(place, cells, range(1, len(rows) + 1), split=split)


def _cells(rows: Any, name: str) -> Callable[[], list[object]]:
    """How to get the cells of a column, numbers of a ``ClassLabel`` turned into its names."""

    def read() -> list[object]:
        values: list[object] = list(rows[name])
        feature = rows.features[name]
        classes = getattr(getattr(feature, "feature", feature), "names", None)
        if name == SPLIT or classes is None:
            return values
        return [_named(value, classes) for value in values]

    return read


def _named(value: object, classes: list[str]) -> object:
    """Names for numbers; -1, with which the hub marks a hidden label, means none."""
    if isinstance(value, list):
        return [classes[number] for number in value if number >= 0]
    if isinstance(value, int):
        return [classes[value]] if value >= 0 else []
    return value


def _sha256(parts: tuple[Part, ...], columns: Columns) -> str:
    digest = hashlib.sha256()
    for part in parts:
        wanted = {columns.text, columns.labels, columns.group, SPLIT, *columns.marked(part)}
        names = [name for name in sorted(part.columns) if name in wanted]
        for row in zip(*(part.columns[name]() for name in names), strict=True):
            digest.update(json.dumps([part.split, *row], default=str).encode() + b"\n")
    return digest.hexdigest()
