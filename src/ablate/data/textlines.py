"""Lines of a text file, decoded one by one so that an error can say where it stands."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from ablate.errors import AblateError

BOM = b"\xef\xbb\xbf"


class Digest(Protocol):
    """What takes in the bytes as they are read, such as a sha256."""

    def update(self, data: bytes, /) -> None:
        """Take in the next bytes."""


def decoded(path: Path, digest: Digest) -> Iterator[str]:
    """Lines with their ends, feeding each byte to ``digest`` on the way; a byte order mark is dropped.

    Raises :class:`AblateError` with line and byte offset (from 0) at what is not UTF-8, and at a NUL.
    """
    offset = 0
    with path.open("rb") as file:
        for number, raw in enumerate(file, 1):
            digest.update(raw)
            yield _decode(raw, number, offset, path.name)
            offset += len(raw)


def _decode(raw: bytes, number: int, offset: int, file: str) -> str:
    body = raw.removeprefix(BOM) if number == 1 else raw
    offset += len(raw) - len(body)
    try:
        line = body.decode()
    except UnicodeDecodeError as error:
        at = offset + error.start
        raise AblateError(f"{file}, line {number}: not UTF-8 at byte {at:,} of the file; save it as UTF-8") from None
    if "\0" in line:
        at = offset + body.index(b"\0")
        raise AblateError(f"{file}, line {number}: NUL at byte {at:,} of the file; save it as UTF-8 without NULs")
    return line
