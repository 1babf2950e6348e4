"""Vectors that a frozen encoder gives, kept on disk within a budget and shared by all runs and processes."""

from __future__ import annotations

import errno
import fcntl
import hashlib
import json
import os
import shutil
import sys
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]

#: Share of the disk that is free, or taken by the cache already, that the cache may take unless told otherwise.
DISK_SHARE = 0.2


@dataclass(frozen=True)
class VectorCache:
    """Arrays of vectors under a folder, at most ``budget_bytes`` of them (None: a fifth of the free disk).

    An entry is an ``.npy`` file and a header with its sha256; the header comes last, so that an entry with a header is
    whole. One process builds an entry while others wait for it. What was not used for longest is evicted first; what
    some process is reading stays.
    """

    folder: Path
    budget_bytes: int | None = None

    def open(self, key: str, shape: tuple[int, int], build: Callable[[Vectors], None]) -> Vectors | None:
        """The vectors [N, d] of a key, mapped from disk; ``build`` fills them in where they are not there yet.

        None where they would not fit the budget, or where the disk has no room.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        lock = os.open(self._path(key, "lock"), os.O_RDWR | os.O_CREAT)
        fcntl.flock(lock, fcntl.LOCK_SH)  # held while the vectors are read: no other process evicts them
        if not self._whole(key, shape):
            with _locked(self._path(key, "build.lock")):
                if not self._whole(key, shape) and not self._build(key, shape, build):
                    os.close(lock)
                    return None
        os.utime(self._path(key, "json"))
        found: Vectors = np.load(self._path(key, "npy"), mmap_mode="c", allow_pickle=False)
        weakref.finalize(found, os.close, lock)
        return found

    def bytes(self) -> int:
        """Disk space of all entries, those that are being built too."""
        return sum(_size(path) for pattern in ("*.npy", ".*.tmp") for path in self.folder.glob(pattern))

    def room(self) -> int:
        """The budget in bytes."""
        if self.budget_bytes is not None:
            return self.budget_bytes
        return int(DISK_SHARE * (shutil.disk_usage(self.folder).free + self.bytes()))

    def _build(self, key: str, shape: tuple[int, int], build: Callable[[Vectors], None]) -> bool:
        """Make an entry; false where there is no room for it."""
        for part in ("json", "npy"):  # a torn or damaged entry
            self._path(key, part).unlink(missing_ok=True)
        for leftover in self.folder.glob(f".{key}.*.tmp"):  # of a builder that died: we hold the lock
            leftover.unlink()
        if not self._evict(4 * shape[0] * shape[1]):
            return False
        temporary = self.folder / f".{key}.{os.getpid()}.tmp"
        try:
            values = _reserved(temporary, shape)
            if values is None:
                return False
            build(values)
            values.flush()
            digest = _sha256(temporary)
            os.replace(temporary, self._path(key, "npy"))
        finally:
            temporary.unlink(missing_ok=True)
        self._write_header(key, shape, digest)
        return True

    def _write_header(self, key: str, shape: tuple[int, int], digest: str) -> None:
        temporary = self.folder / f".{key}.json.{os.getpid()}.tmp"
        with temporary.open("w") as file:
            json.dump({"shape": shape, "sha256": digest}, file)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, self._path(key, "json"))

    def _whole(self, key: str, shape: tuple[int, int]) -> bool:
        """Whether an entry is there, of this shape, with the bytes that its checksum speaks of: numbers, no pickles."""
        try:
            header = json.loads(self._path(key, "json").read_bytes())
            if header["shape"] != list(shape) or header["sha256"] != _sha256(self._path(key, "npy")):
                return False
            found = np.load(self._path(key, "npy"), mmap_mode="r", allow_pickle=False)
            return bool(found.shape == shape and found.dtype == np.float32)
        except (OSError, ValueError, KeyError, TypeError):
            return False

    def _evict(self, needed: int) -> bool:
        """Make room for so many bytes, the least recently used entries first; false where that is not enough."""
        room = self.room() - needed
        if room < 0:
            return False
        for leftover in self.folder.glob(".*.tmp"):
            if not alive(int(leftover.suffixes[-2].removeprefix("."))):
                leftover.unlink(missing_ok=True)
        for header in sorted(self.folder.glob("*.json"), key=_used):
            if self.bytes() <= room:
                return True
            self._remove(header.stem)
        return self.bytes() <= room

    def _remove(self, key: str) -> None:
        """Delete an entry unless some process reads it."""
        with self._path(key, "lock").open("wb") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                return
            for part in ("json", "npy"):
                self._path(key, part).unlink(missing_ok=True)

    def _path(self, key: str, suffix: str) -> Path:
        return self.folder / f"{key}.{suffix}"


def _size(path: Path) -> int:
    """Bytes of a file; 0 where another process has just taken it away."""
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def _used(path: Path) -> int:
    """When an entry was used last."""
    try:
        return path.stat().st_mtime_ns
    except FileNotFoundError:
        return 0


def alive(process: int) -> bool:
    """Whether there is a process of this number."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """One process at a time; the lock goes with the process, however it ends."""
    with path.open("wb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _reserved(path: Path, shape: tuple[int, int]) -> Any:
    """A new mapped array whose place on the disk is taken at once, or a full disk would kill the process; else None."""
    try:
        values: np.memmap[Any, np.dtype[np.float32]] = np.lib.format.open_memmap(
            path, mode="w+", dtype=np.float32, shape=shape
        )
        if sys.platform == "linux":
            with path.open("rb+") as file:
                os.posix_fallocate(file.fileno(), 0, path.stat().st_size)
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        return None
    return values


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
