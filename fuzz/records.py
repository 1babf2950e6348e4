"""Wounded records of a study."""

from __future__ import annotations

import contextlib
import io
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from hypothesis import strategies as st
from rich.console import Console

from ablate.results.folder import read
from ablate.results.record import key_of
from ablate.results.show import print_board
from fuzz.values import values


@dataclass(frozen=True)
class Wound:
    """What is done to one record of a study: ``place`` (0 to 1) says to which, and where in it."""

    record: float
    place: float
    what: str
    value: Any


wounds = st.builds(
    Wound,
    st.floats(0, 1, exclude_max=True),
    st.floats(0, 1, exclude_max=True),
    st.sampled_from(["cut", "bytes", "name", "replace", "drop", "identity", "array", "arrays", "pickle", "truth"]),
    values,
)


def wounded(source: Path, strategies: Sequence[str]) -> Callable[[Path, Any], None]:
    """The records of some strategies of a study, one of them wounded: the board is made, and the rows of each label.

    A record that is changed under its own key, or torn, has to be left out; one whose identity is another has another
    key, and then it is a record like any other.
    """
    records = source / "records"
    names = [file.name for file in sorted(records.glob("*.json")) if json.loads(file.read_bytes())["arm"] in strategies]
    arrays = [name.replace(".json", ".npz") for name in names]
    held = {name: (records / name).read_bytes() for name in (*names, *arrays) if (records / name).exists()}
    held |= {file.name: file.read_bytes() for file in records.glob("truth-*.npz")}
    plan = (source / "study.toml").read_bytes()

    def call(folder: Path, wound: Wound) -> None:
        (folder / "records").mkdir()
        for name, content in held.items():
            (folder / "records" / name).write_bytes(content)
        (folder / "study.toml").write_bytes(plan)
        _wound(folder / "records", names[int(wound.record * len(names))], wound)
        found = read(folder)
        console = Console(file=io.StringIO(), width=100)
        print_board(found.board, console)

    return call


def _wound(records: Path, name: str, wound: Wound) -> None:
    file = records / name
    content = file.read_bytes()
    if wound.what == "cut":
        file.write_bytes(content[: int(wound.place * len(content))])
    elif wound.what == "bytes":
        file.write_bytes(json.dumps(wound.value).encode())
    elif wound.what == "name":
        file.rename(file.with_name("foreign.json"))
    elif wound.what in ("array", "arrays", "pickle"):
        file.with_suffix(".npz").write_bytes(_npz(file.with_suffix(".npz"), wound))
    elif wound.what == "truth":
        truth = next(records.glob("truth-*.npz"))
        truth.write_bytes(_npz(truth, wound))
    else:
        _rewrite(file, json.loads(content), wound)


def _npz(file: Path, wound: Wound) -> bytes:
    """The arrays with one of them replaced: by a pickle, by nothing, or by another shape or kind."""
    with np.load(file) if file.exists() else contextlib.nullcontext({}) as found:
        arrays = {name: found[name] for name in found}
    names = sorted(arrays) or ["alarms"]
    name = names[int(wound.place * len(names))]
    if wound.what == "pickle":
        arrays[name] = np.array([wound.value], dtype=object)
    elif wound.what == "arrays":
        arrays.pop(name, None)
    else:
        others = [np.array(["a"]), np.array(3), np.zeros((2, 2)), np.zeros(0, np.uint32), np.arange(9, dtype=np.int64)]
        arrays[name] = others[len(repr(wound.value)) % len(others)]
    whole = io.BytesIO()
    np.savez(whole, **arrays)
    return whole.getvalue()


def _rewrite(file: Path, body: dict[str, Any], wound: Wound) -> None:
    """One value of the body, at any depth, is replaced or dropped; of the identity, under the key that is then its."""
    places = list(_places(body["identity"] if wound.what == "identity" else body))
    holder, key = places[int(wound.place * len(places))]
    if wound.what == "drop":
        del holder[key]
    else:
        holder[key] = wound.value
    if wound.what == "identity":
        with contextlib.suppress(ValueError):
            body["key"] = key_of(body["identity"])
            arrays = file.with_suffix(".npz")
            file.unlink()
            file = file.with_name(f"{body['key']}.json")
            if arrays.exists():
                arrays.rename(file.with_suffix(".npz"))
    file.write_text(json.dumps(body), "utf-8")


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every place of a nested value: what holds it, and its key or number there."""
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, one in list(inside)[:40]:
        yield value, key
        yield from _places(one)
