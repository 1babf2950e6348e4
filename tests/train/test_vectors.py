"""The cache of vectors: whole or not at all, within its budget, shared between processes."""

from __future__ import annotations

import json
import multiprocessing
import os
from pathlib import Path

import numpy as np
import pytest

from ablate.train import vectors
from ablate.train.vectors import VectorCache

SHAPE = (10, 4)
BYTES = 4 * 10 * 4


def fill(value: float):
    def build(out) -> None:
        out[:] = value

    return build


def refuse(out) -> None:
    raise AssertionError("built again")


def test_an_entry_is_built_once_and_then_read(tmp_path: Path):
    cache = VectorCache(tmp_path)
    first = cache.open("a", SHAPE, fill(3))
    again = cache.open("a", SHAPE, refuse)
    assert first is not None
    assert again is not None
    assert (first == 3).all()
    assert np.array_equal(first, again)


def test_what_a_run_writes_into_its_vectors_does_not_reach_the_file(tmp_path: Path):
    cache = VectorCache(tmp_path)
    cache.open("a", SHAPE, fill(3))[0, 0] = 99
    assert (cache.open("a", SHAPE, refuse) == 3).all()


@pytest.mark.parametrize("damage", ["a byte", "cut", "no header", "torn header", "another shape"])
def test_a_damaged_entry_is_built_again(tmp_path: Path, damage: str):
    cache = VectorCache(tmp_path)
    cache.open("a", SHAPE, fill(3))
    file, header = tmp_path / "a.npy", tmp_path / "a.json"
    if damage == "a byte":
        data = bytearray(file.read_bytes())
        data[-1] ^= 1
        file.write_bytes(data)
    elif damage == "cut":
        file.write_bytes(file.read_bytes()[:-4])
    elif damage == "no header":
        header.unlink()
    elif damage == "torn header":
        header.write_text(header.read_text()[:5])
    else:
        header.write_text(json.dumps({**json.loads(header.read_text()), "shape": [1, 40]}))
    assert (cache.open("a", SHAPE, fill(4)) == 4).all()
    assert (cache.open("a", SHAPE, refuse) == 4).all()


def test_a_build_that_fails_leaves_nothing_behind(tmp_path: Path):
    with pytest.raises(AssertionError, match="built again"):
        VectorCache(tmp_path).open("a", SHAPE, refuse)
    assert not [path for path in tmp_path.iterdir() if path.suffix in (".npy", ".json", ".tmp")]


def test_the_least_recently_used_entry_makes_room(tmp_path: Path):
    header = 128  # bytes of an .npy header
    cache = VectorCache(tmp_path, budget_bytes=3 * (BYTES + header))
    for number, key in enumerate("abc"):
        cache.open(key, SHAPE, fill(number))
        os.utime(tmp_path / f"{key}.json", (100 + number, 100 + number))
    cache.open("a", SHAPE, refuse)  # so that b is the oldest
    cache.open("d", SHAPE, fill(9))
    assert sorted(path.stem for path in tmp_path.glob("*.npy")) == ["a", "c", "d"]
    assert (cache.open("a", SHAPE, refuse) == 0).all()


def test_what_is_being_read_is_not_evicted_and_what_was_let_go_is(tmp_path: Path):
    cache = VectorCache(tmp_path, budget_bytes=BYTES + 200)
    held = cache.open("a", SHAPE, fill(1))
    assert cache.open("b", SHAPE, refuse) is None  # no room beside it
    assert (held == 1).all()
    del held
    assert (cache.open("b", SHAPE, fill(2)) == 2).all()


def test_an_entry_larger_than_the_budget_is_not_built(tmp_path: Path):
    assert VectorCache(tmp_path, budget_bytes=BYTES - 1).open("a", SHAPE, refuse) is None


def test_what_a_killed_builder_left_behind_is_cleared_away(tmp_path: Path):
    dead = multiprocessing.get_context("fork").Process(target=int)
    dead.start()
    dead.join()
    left, growing = (tmp_path / f".x.{process}.tmp" for process in (dead.pid, os.getpid()))
    for file in (left, growing):
        file.write_bytes(bytes(1000))
    cache = VectorCache(tmp_path, budget_bytes=1000 + BYTES + 200)
    assert cache.open("a", SHAPE, fill(1)) is not None
    assert not left.exists()
    assert growing.exists()  # its builder lives, and its bytes count
    assert cache.open("b", (100, 4), refuse) is None


def test_a_full_disk_means_no_room_and_no_torn_file(tmp_path: Path, monkeypatch):
    def full(*args) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "posix_fallocate", full)
    assert VectorCache(tmp_path, budget_bytes=10**9).open("a", SHAPE, refuse) is None
    assert not list(tmp_path.glob("*.npy")) + list(tmp_path.glob(".*.tmp"))


def test_the_budget_is_a_fifth_of_what_is_free_unless_given(tmp_path: Path, monkeypatch):
    free = 1000 * BYTES
    monkeypatch.setattr(vectors.shutil, "disk_usage", lambda path: vectors.shutil._ntuple_diskusage(0, 0, free))
    assert VectorCache(tmp_path).room() == free // 5
    assert VectorCache(tmp_path, 7).room() == 7


def _build_in_a_process(folder: str, built) -> None:
    def build(out) -> None:
        with built.get_lock():
            built.value += 1
        out[:] = 5

    found = VectorCache(Path(folder)).open("a", SHAPE, build)
    assert found is not None
    assert (found == 5).all()


def test_of_several_processes_one_builds_and_the_others_read(tmp_path: Path):
    context = multiprocessing.get_context("fork")
    built = context.Value("i", 0)
    processes = [context.Process(target=_build_in_a_process, args=(str(tmp_path), built)) for _ in range(4)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0] * 4
    assert built.value == 1
