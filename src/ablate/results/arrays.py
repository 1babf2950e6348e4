"""Arrays in an npz: whole or refused, the same bytes for the same arrays, and never a pickle."""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ablate.errors import AblateError

Arrays = dict[str, NDArray[Any]]


@dataclass(frozen=True)
class Header:
    """What an array's header says: its shape, and its kind by NumPy's letter (``i``, ``u``, ``f``)."""

    shape: tuple[int, ...]
    kind: str


def fault(path: Path) -> str:
    """What is wrong with an npz; empty where every byte that its checksums speak of is there and none is a pickle."""
    return inspect(path)[0]


def inspect(path: Path) -> tuple[str, dict[str, Header]]:
    """What is wrong with an npz (see :func:`fault`), and the headers of its arrays by their names."""
    try:
        with zipfile.ZipFile(path) as archive:
            if archive.testzip() is not None:
                return "are missing or torn", {}
            kinds = {name.removesuffix(".npy"): _kind(archive, name) for name in archive.namelist()}
    except (OSError, ValueError, KeyError, NotImplementedError, RuntimeError, zipfile.BadZipFile, zlib.error):
        return "are missing or torn", {}  # RuntimeError: encrypted; NotImplementedError: compressed in another way
    if any(kind.hasobject for _, kind in kinds.values()):
        return "hold pickled objects, which are never loaded", {}
    return "", {name: Header(shape, kind.kind) for name, (shape, kind) in kinds.items()}


def _kind(archive: zipfile.ZipFile, name: str) -> tuple[tuple[int, ...], np.dtype[Any]]:
    """Shape and kind in an array's header. Raises ValueError, KeyError at another header."""
    readers = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
    with archive.open(name) as member:
        shape, _, kind = readers[np.lib.format.read_magic(member)](member)
    return tuple(shape), kind


def pack(arrays: Mapping[str, NDArray[Any]]) -> bytes:
    """A compressed npz whose bytes depend on its contents alone (np.savez stamps the time)."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in sorted(arrays):
            member = io.BytesIO()
            np.lib.format.write_array(member, np.asanyarray(arrays[name]), allow_pickle=False)
            info = zipfile.ZipInfo(f"{name}.npy", date_time=(1980, 1, 1, 0, 0, 0))
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, member.getvalue())
    return buffer.getvalue()


def unpack(path: Path) -> Arrays:
    """The arrays of an npz. Raises :class:`AblateError` at one that holds anything but arrays of numbers and text."""
    try:
        with np.load(path, allow_pickle=False) as archive:
            return {name: archive[name] for name in archive.files}
    except ValueError as error:
        reason = str(error).splitlines()[0]
        raise AblateError(f"'{path}' holds no arrays that are read ({reason}); delete it and make it again") from None
