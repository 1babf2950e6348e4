"""A pickle that lies where numbers are expected is named or made again, and never loaded."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from planted import evil_array, evil_bytes

from ablate.data.source import load
from ablate.data.tokens import build
from ablate.errors import AblateError
from ablate.results.record import Records, key_of
from ablate.train.vectors import VectorCache


@pytest.fixture
def marker(tmp_path: Path):
    """What a loaded pickle would leave."""
    yield tmp_path / "marker"
    assert not (tmp_path / "marker").exists()


def test_the_planted_pickle_is_one(tmp_path: Path):
    """The other tests would say nothing if loading it did nothing."""
    np.save(tmp_path / "a.npy", evil_array(tmp_path / "loaded"), allow_pickle=True)
    np.load(tmp_path / "a.npy", allow_pickle=True)
    assert (tmp_path / "loaded").exists()


def record(folder: Path) -> tuple[Records, str]:
    """A record with arrays, and its key."""
    records = Records(folder)
    truth = records.write_truth(np.array([0, 1]), np.array([0]), 1, np.array([3]), 9, ["soup"])
    identity = {"phase": "confirm", "seed": 0, "strategy": {"name": "baseline"}}
    told = {"arm": "baseline", "kind": "strategy", "status": "finished"}
    figures = {"at_budget": {"macro_recall": 0.5, "micro_recall": 0.5}}
    body = {"schema": 1, "key": key_of(identity), "identity": identity, "truth": truth, "test": figures, **told}
    found = {name: np.array([1], dtype=np.int32) for name in ("alarms_at_budget", "true_positives_at_budget")}
    records.write(body, {"alarms": np.array([0], dtype=np.uint32), **found})
    return records, body["key"]


def packed(array: np.ndarray) -> bytes:
    """An npz of one array, pickled where it has to be."""
    member, whole = io.BytesIO(), io.BytesIO()
    np.save(member, array, allow_pickle=True)
    with zipfile.ZipFile(whole, "w") as archive:
        archive.writestr("alarms.npy", member.getvalue())
    return whole.getvalue()


@pytest.mark.parametrize("which", ["arrays", "truth"])
def test_arrays_of_a_record_that_are_a_pickle_leave_it_out_by_name(tmp_path: Path, marker: Path, which: str):
    records, key = record(tmp_path / "records")
    assert [body["key"] for body in records.all()] == [key]
    file = records.folder / f"{key}.npz" if which == "arrays" else next(records.folder.glob("truth-*.npz"))
    file.write_bytes(packed(evil_array(marker)))
    assert records.all() == []
    (said,) = records.skipped
    assert said == f"{key}.json: its arrays ({file.name}) hold pickled objects, which are never loaded"
    with pytest.raises(AblateError, match=r"holds no arrays that are read \(Object arrays cannot be loaded"):
        records.arrays(key) if which == "arrays" else records.truth(file.stem.removeprefix("truth-"))


def test_a_bare_pickle_in_the_place_of_an_archive_is_torn(tmp_path: Path, marker: Path):
    records, key = record(tmp_path / "records")
    (records.folder / f"{key}.npz").write_bytes(evil_bytes(marker))
    assert records.all() == []
    assert "are missing or torn" in records.skipped[0]
    with pytest.raises(AblateError, match="holds no arrays that are read"):
        records.arrays(key)


def test_vectors_that_are_a_pickle_are_made_again_whatever_their_checksum_says(tmp_path: Path, marker: Path):
    cache = VectorCache(tmp_path / "vectors")
    file = tmp_path / "vectors" / "a.npy"
    file.parent.mkdir()
    np.save(file, evil_array(marker), allow_pickle=True)
    header = {"shape": [1, 1], "sha256": hashlib.sha256(file.read_bytes()).hexdigest()}
    (tmp_path / "vectors" / "a.json").write_text(json.dumps(header))
    found = cache.open("a", (1, 1), lambda values: values.fill(7.0))
    assert found is not None
    assert found.tolist() == [[7.0]]


def test_tokens_that_are_a_pickle_are_made_again(tmp_path: Path, marker: Path):
    class Letters:
        key = "letters"

        def encode(self, texts):
            return [[ord(letter) for letter in text] for text in texts]

    store = build(["ab", "c"], Letters(), "data", tmp_path)
    (place,) = [path for path in (tmp_path / "tokens").iterdir() if path.is_dir()]
    expected = store.values.tolist()
    for file in place.iterdir():
        file.write_bytes(evil_bytes(marker))
    assert build(["ab", "c"], Letters(), "data", tmp_path).values.tolist() == expected


@pytest.mark.parametrize("suffix", [".parquet", ".csv", ".tsv", ".jsonl", ".pkl", ".pickle", ".npy"])
def test_a_data_file_that_is_a_pickle_is_one_line(tmp_path: Path, marker: Path, suffix: str):
    file = tmp_path / f"mails{suffix}"
    file.write_bytes(evil_bytes(marker))
    with pytest.raises(AblateError) as caught:
        load(str(file))
    assert "\n" not in str(caught.value)
    assert f"mails{suffix}" in str(caught.value)


def test_an_extension_type_of_arrow_that_names_a_pickle_is_read_as_what_it_is_kept_in(tmp_path: Path, marker: Path):
    """``arrow.py_extension_type`` is the name under which Arrow once kept pickled types."""
    rows = [f"text {i}" for i in range(40)]
    named = {"ARROW:extension:name": "arrow.py_extension_type", "ARROW:extension:metadata": evil_bytes(marker)}
    schema = pa.schema([pa.field("text", pa.string(), metadata=named), pa.field("labels", pa.string())])
    table = pa.table([rows, ["soup" if i % 2 else "bread" for i in range(40)]], schema=schema)
    pq.write_table(table, tmp_path / "mails.parquet")
    assert sorted(load(str(tmp_path / "mails.parquet")).texts) == sorted(rows)
