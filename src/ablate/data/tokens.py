"""Token numbers of all texts, kept in a memory-mapped store."""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from pathlib import Path
from typing import Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

SCHEMA = 1
CHUNK = 4096  # texts tokenised at once
Kind = TypeVar("Kind", bound=np.generic)
HEADER, VALUES, OFFSETS = "header.json", "values.i32", "offsets.i64"


class Tokenizing(Protocol):
    """The part of :class:`ablate.encoders.base.Tokenizer` that is needed here."""

    key: str

    def encode(self, texts: Sequence[str]) -> list[list[int]]:
        """Token numbers of each text, special tokens left out, not truncated."""


@dataclass(frozen=True, eq=False)
class TokenStore:
    """Token numbers of N texts end to end, special tokens left out, not truncated.

    The tokens of text ``i`` are ``values[offsets[i]:offsets[i + 1]]``.
    Shapes: ``values`` int32 [tokens], ``offsets`` int64 [N + 1]; both stay on the disk until they are read.
    """

    values: NDArray[np.int32]
    offsets: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.offsets) - 1

    @cached_property  # each evaluation asks for some of them
    def lengths(self) -> NDArray[np.int64]:
        """Tokens of each text, int64 [N], special tokens not counted; read-only."""
        offsets = np.asarray(self.offsets)
        lengths = offsets[1:] - offsets[:-1]
        lengths.flags.writeable = False
        return lengths

    def take(
        self, rows: NDArray[np.integer], max_length: int, prefix: Sequence[int] = (), suffix: Sequence[int] = ()
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The named texts end to end, each between ``prefix`` and ``suffix``; rows may repeat.

        A text is cut so that it has at most ``max_length`` tokens with these. Gives ids int64 [tokens] and lengths
        int64 [rows]; raises ValueError where ``max_length`` has no room for prefix and suffix.
        """
        room = max_length - len(prefix) - len(suffix)
        if room < 0:
            raise ValueError(f"max_length {max_length} is too short for {len(prefix) + len(suffix)} special tokens")
        first = np.asarray(self.offsets[rows])
        body = np.minimum(np.asarray(self.offsets[rows + 1]) - first, room)  # [rows]
        lengths = body + (len(prefix) + len(suffix))
        ends = np.cumsum(lengths)
        starts = ends - lengths
        ids = np.empty(int(lengths.sum()), np.int64)
        ids[starts[:, None] + np.arange(len(prefix))] = np.asarray(prefix, np.int64)
        ids[(ends - len(suffix))[:, None] + np.arange(len(suffix))] = np.asarray(suffix, np.int64)
        ids[spans(starts + len(prefix), body)] = self.values[spans(first, body)]
        return ids, lengths


def build(texts: Sequence[str], tokenizer: Tokenizing, data_key: str, cache: Path) -> TokenStore:
    """The store of these texts under ``cache``, made once for ``data_key``, ``tokenizer.key`` and number of texts.

    Two processes may build at once: the store of the first to finish is used by both. A torn store is made again.
    """
    told = json.dumps([data_key, tokenizer.key, len(texts), SCHEMA])
    place = cache / "tokens" / hashlib.sha256(told.encode()).hexdigest()
    if (store := _open(place, len(texts))) is not None:
        return store
    place.parent.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix=".draft-", dir=place.parent))
    try:
        _write(draft, texts, tokenizer)
        _publish(draft, place, len(texts))
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    store = _open(place, len(texts))
    if store is None:
        raise OSError(f"the token store {place} was damaged while it was made; is the disk full?")
    return store


def _write(folder: Path, texts: Sequence[str], tokenizer: Tokenizing) -> None:
    """Tokenise chunk by chunk; the header comes last, so that a folder with a header is whole."""
    total = 0
    with (folder / VALUES).open("wb") as values, (folder / OFFSETS).open("wb") as offsets:
        offsets.write(np.zeros(1, np.int64).tobytes())
        for start in range(0, len(texts), CHUNK):
            rows = tokenizer.encode(texts[start : start + CHUNK])
            ends = total + np.cumsum(np.fromiter((len(row) for row in rows), np.int64, len(rows)))
            total = int(ends[-1])
            values.write(np.fromiter(chain.from_iterable(rows), np.int32).tobytes())
            offsets.write(ends.tobytes())
    (folder / HEADER).write_text(json.dumps(_header(len(texts), total)))


def _header(texts: int, tokens: int) -> dict[str, object]:
    return {"schema": SCHEMA, "texts": texts, "tokens": tokens, "values": "int32", "offsets": "int64"}


def _publish(draft: Path, place: Path, texts: int) -> None:
    """Give the draft its final name, unless another process was first; a torn store in its place is moved away."""
    while True:
        try:
            draft.rename(place)
        except OSError:
            if not place.exists():
                raise
            if _open(place, texts) is not None:
                return
            torn = Path(tempfile.mkdtemp(prefix=".torn-", dir=place.parent))
            place.rename(torn / place.name)
            shutil.rmtree(torn, ignore_errors=True)
        else:
            return


def _open(place: Path, texts: int) -> TokenStore | None:
    """The store in a folder, or None where there is none or what is there is not whole."""
    try:
        header = json.loads((place / HEADER).read_text())
        values, offsets = _map(place / VALUES, np.int32), _map(place / OFFSETS, np.int64)
    except (OSError, ValueError):
        return None
    whole = header == _header(texts, len(values)) and len(offsets) == texts + 1
    return TokenStore(values, offsets) if whole and offsets[0] == 0 and offsets[-1] == len(values) else None


def _map(path: Path, kind: type[Kind]) -> NDArray[Kind]:
    if path.stat().st_size == 0:  # which cannot be mapped
        return np.zeros(0, kind)
    return np.memmap(path, kind, mode="r")


def spans(starts: NDArray[np.int64], lengths: NDArray[np.int64]) -> NDArray[np.int64]:
    """All numbers from each start on, ``lengths`` of them: ``(5, 9), (2, 3)`` gives ``5 6 9 10 11``."""
    before = np.cumsum(lengths) - lengths
    return np.repeat(starts - before, lengths) + np.arange(int(lengths.sum()))
