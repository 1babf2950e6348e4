"""Data sets of the Hugging Face hub, through the library ``datasets``."""

from __future__ import annotations

import hashlib
import json
import logging
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ablate.data.columns import SPLIT, Columns
from ablate.data.files import split_of
from ablate.data.tables import Part, Table
from ablate.errors import AblateError

#: So long the hub is waited for before the local cache has to do.
HUB_SECONDS = 20.0
_NAME = re.compile(r"\w[\w.-]*(/\w[\w.-]*)?")
_CONFIG = re.compile(r"[\w.-]*")
_COMMIT = re.compile(r"[0-9a-f]{40}")


def read_hub(address: str, columns: Columns, revision: str | None = None) -> Table:
    """Read ``owner/name`` or ``owner/name:config``; splits that are neither train, validation nor test are left out.

    ``revision`` is the commit to read, None the newest; the table names the one that was read. The sha256 is of the
    rows of the columns that are read, as JSON lines. No script of a data set is ever run. Raises :class:`AblateError`.
    """
    name, _, config = address.partition(":")
    _refuse(name, config)
    asked = _commit(name, revision)
    splits = _load(name, config or None, asked)
    found = _cached(splits) or asked
    if revision and found != revision:
        raise AblateError(
            f"hub:{name}: the local cache has commit {found}, the study was made with {revision}; "
            "connect to the hub once, or give another --out"
        )
    parts = [_part(f"hub:{address}, split {key}", split_of(key), rows) for key, rows in splits.items()]
    known = tuple(part for part in parts if part.split is not None)
    if not known:
        listed = ", ".join(str(key) for key in splits)
        raise AblateError(
            f"hub:{address}: none of its splits ({listed}) is train, validation or test; save it as a file"
        )
    return Table(address, known, _sha256(known, columns), found)


def _refuse(name: str, config: str) -> None:
    """Raise :class:`AblateError` at what the library would not look for on the hub."""
    if _NAME.fullmatch(name) is None or _CONFIG.fullmatch(config) is None:
        raise AblateError(f"hub:{name} is no name of a data set; give hub:owner/name or hub:owner/name:config")
    if Path(name).exists():
        raise AblateError(
            f"hub:{name}: '{name}' lies in this folder, where it would be read instead; "
            f"give --data {name}, or start elsewhere"
        )


def _commit(name: str, revision: str | None) -> str | None:
    """The commit that is meant; ``revision`` itself where the hub does not answer: what is wrong loading then says."""
    from huggingface_hub import HfApi

    try:
        with _quiet():
            found: str | None = HfApi().dataset_info(name, revision=revision, timeout=HUB_SECONDS).sha
    except Exception:  # whatever the transport raises
        return revision
    return found or revision


def _load(name: str, config: str | None, revision: str | None) -> Mapping[str, Any]:
    try:
        from datasets import load_dataset

        with _quiet():
            splits: Mapping[str, Any] = load_dataset(name, config, revision=revision)
    except Exception as error:  # the library and the network raise what they like; here is where the user is told
        reason = next(iter(str(error).splitlines()), "")[:160]
        raise AblateError(
            f"hub:{name}: not reached or not there ({type(error).__name__}: {reason}); "
            "check the name and the network, or save the set as a file and give that"
        ) from None
    return splits


def _cached(splits: Mapping[str, Any]) -> str | None:
    """The commit in the paths of the library's cache, which it also falls back to where the hub does not answer."""
    files = [Path(file["filename"]) for rows in splits.values() for file in getattr(rows, "cache_files", ())]
    return next((file.parent.name for file in files if _COMMIT.fullmatch(file.parent.name)), None)


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
