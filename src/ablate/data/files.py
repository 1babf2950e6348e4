"""Files and folders of documents: Parquet, CSV, TSV and JSONL."""

from __future__ import annotations

import hashlib
import re
from dataclasses import replace
from pathlib import Path

from ablate.data.tables import SPLIT_WORDS, Part, Table
from ablate.data.textlines import Digest
from ablate.errors import AblateError

SUFFIXES = (".parquet", ".pq", ".csv", ".tsv", ".jsonl", ".ndjson")
FORMATS = "Parquet (.parquet, .pq), CSV (.csv), TSV (.tsv) or JSONL (.jsonl, .ndjson)"


def read(path: Path) -> Table:
    """Read a file, or all data files of a folder in name order (folders inside it are not looked into).

    The sha256 of a file is of its bytes; that of a folder is of what ``sha256sum *`` prints over its data files, so
    that a renamed file, which may be another split, is another source. Raises :class:`AblateError`.
    """
    try:
        return _folder(path) if path.is_dir() else _file(path)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise AblateError(f"{path}: cannot be read ({reason}); check the file and its permissions") from None


def _file(path: Path) -> Table:
    part, sha256 = _part(path)
    return Table(path.stem, (part,), sha256)


def _folder(folder: Path) -> Table:
    paths = sorted(
        (path for path in folder.iterdir() if path.suffix.lower() in SUFFIXES and not path.name.startswith(".")),
        key=lambda path: path.name,
    )
    if not paths:
        raise AblateError(f"{folder}: no data file in this folder; put {FORMATS} into it")
    read = [_part(path) for path in paths]
    listing = "".join(f"{sha256}  {path.name}\n" for path, (_, sha256) in zip(paths, read, strict=True))
    parts = tuple(replace(part, split=split_of(path.stem)) for path, (part, _) in zip(paths, read, strict=True))
    return Table(folder.resolve().name, parts, hashlib.sha256(listing.encode(errors="surrogateescape")).hexdigest())


def split_of(stem: str) -> int | None:
    """The split that a file stem begins with, such as ``train`` or ``dev-00000-of-00002``; None for others."""
    word = re.split(r"[^a-z]", stem.lower(), maxsplit=1)[0]
    return SPLIT_WORDS.get(word)


def _part(path: Path) -> tuple[Part, str]:
    """One file and the sha256 of its bytes."""
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        raise AblateError(f"{path.name}: unknown suffix {path.suffix!r}; give {FORMATS}")
    if path.stat().st_size == 0:
        raise AblateError(f"{path.name}: empty file; give one with documents")
    digest = hashlib.sha256()
    return _parse(path, suffix, digest), digest.hexdigest()


def _parse(path: Path, suffix: str, digest: Digest) -> Part:
    if suffix in (".parquet", ".pq"):
        from ablate.data.parquet import read_parquet  # pyarrow is slow to import

        return read_parquet(path, digest)
    if suffix in (".jsonl", ".ndjson"):
        from ablate.data.jsonlines import read_json_lines

        return read_json_lines(path, digest)
    from ablate.data.delimited import read_delimited

    return read_delimited(path, "\t" if suffix == ".tsv" else ",", digest)
