from __future__ import annotations

import errno
import json
import os

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from planted_studies import COUNTS, LABELS, TRAIN, body, confirm, labels, tuned, write_truth

from ablate.results.record import Records, canonical, key_of, same, sorted_json

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@settings(deadline=None)
@given(st.dictionaries(st.text(), values, max_size=5))
def test_canonical_json_is_read_back_whole_and_knows_no_order(value: dict):
    text = canonical(value)
    assert json.loads(text) == value
    assert canonical(dict(reversed(list(value.items())))) == text


def test_what_processors_add_up_differently_is_written_the_same():
    assert sum([0.1, 0.2, 0.3]) != sum([0.3, 0.2, 0.1])
    one, other = ({"mean": [sum(values), sum(values) - 0.6]} for values in ([0.1, 0.2, 0.3], [0.3, 0.2, 0.1]))
    assert sorted_json(one) == sorted_json(other)
    assert json.loads(sorted_json({"a": -1.5, "b": 1e-9, "c": 2**60 + 1})) == {"a": -1.5, "b": 1e-9, "c": 2**60 + 1}


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_canonical_json_refuses_what_json_cannot_say(value: float):
    with pytest.raises(ValueError, match="JSON"):
        canonical({"macro": value})


def test_another_seed_is_another_key():
    assert key_of({"seed": 1, "lr": 0.1}) == key_of({"lr": 0.1, "seed": 1})
    assert key_of({"seed": 1, "lr": 0.1}) != key_of({"seed": 2, "lr": 0.1})


def test_a_record_is_read_back_as_it_was_written(store: Records):
    whole = body("baseline", "confirm", 0)
    arrays = {"alarms": np.array([1, 5, 2], dtype=np.uint32), "average_precision": np.array([0.5, np.nan], np.float32)}
    store.write(whole, arrays)
    assert whole["key"] in store
    assert store.read(whole["key"]) == whole
    found = store.arrays(whole["key"])
    assert found["alarms"].dtype == np.uint32
    assert found["alarms"].tolist() == [1, 5, 2]
    assert found["average_precision"].tolist()[0] == 0.5


def test_the_same_record_is_the_same_bytes(store: Records, tmp_path):
    other = Records(tmp_path / "other")
    for place in (store, other):
        place.write(body("baseline", "confirm", 0), {"b": np.arange(5), "a": np.ones(3)})
    for path in store.folder.iterdir():
        assert path.read_bytes() == (other.folder / path.name).read_bytes()


def test_a_key_that_is_not_that_of_the_identity_is_refused(store: Records):
    with pytest.raises(ValueError, match="key_of"):
        store.write(body("baseline", "confirm", 0) | {"key": "0" * 64})
    assert store.all() == []


def test_a_record_that_json_cannot_say_leaves_nothing_behind(store: Records):
    with pytest.raises(ValueError, match="JSON"):
        store.write(body("baseline", "confirm", 0, reason=float("nan")), {"alarms": np.arange(3)})
    assert not store.folder.exists() or list(store.folder.iterdir()) == []


def test_arrays_of_objects_are_never_written(store: Records):
    with pytest.raises(ValueError, match="pickle"):
        store.write(body("baseline", "confirm", 0), {"alarms": np.array([{}], dtype=object)})
    assert list(store.folder.glob("*.json")) == []


def test_torn_and_foreign_files_are_named_and_left_out(store: Records):
    good = body("baseline", "confirm", 0)
    store.write(good)
    text = (store.folder / f"{good['key']}.json").read_text()
    torn, renamed, forged = "a" * 64, "b" * 64, "c" * 64
    (store.folder / f"{torn}.json").write_text(text[: len(text) // 2])
    (store.folder / f"{renamed}.json").write_text(text)
    (store.folder / f"{forged}.json").write_text(text.replace(good["key"], forged))
    (store.folder / "notes.json").write_text("[1, 2]")
    (store.folder / "latin.json").write_bytes(b"\xff\xfe{}")
    assert store.all() == [good]
    assert len(store.skipped) == 5
    for name, why in ((torn, "not whole JSON"), (renamed, "another key"), (forged, "not that of its identity")):
        assert any(message.startswith(name) and why in message for message in store.skipped)
        assert name not in store
        with pytest.raises(KeyError):
            store.read(name)


def test_a_confirm_record_without_whole_arrays_is_not_trusted(store: Records):
    whole = confirm(store, "baseline", 0, 3.0)
    path = store.folder / f"{whole['key']}.npz"
    data = path.read_bytes()
    flipped = bytearray(data)
    flipped[len(data) // 2] ^= 0xFF
    for torn in (data[:-30], bytes(flipped), b""):
        path.write_bytes(torn)
        assert whole["key"] not in store
        assert store.all() == []
    path.write_bytes(data)
    truth = store.folder / f"truth-{whole['truth']}.npz"
    truth.rename(truth.with_suffix(".away"))
    assert whole["key"] not in store
    write_truth(store)
    assert whole["key"] in store


def test_the_body_comes_last_and_a_failed_rename_leaves_the_old_record(store: Records, monkeypatch):
    first = body("baseline", "confirm", 0, reason="first")
    store.write(first, {"alarms": np.arange(3)})
    written: list[str] = []
    replace = os.replace

    def failing(source, target):
        written.append(str(target))
        if str(target).endswith(".json"):
            raise OSError(errno.ENOSPC, "disk full")
        replace(source, target)

    monkeypatch.setattr(os, "replace", failing)
    with pytest.raises(OSError, match="disk full"):
        store.write(body("baseline", "confirm", 0, reason="second"), {"alarms": np.arange(4)})
    assert [name.rsplit(".", 1)[1] for name in written] == ["npz", "json"]
    assert store.read(first["key"])["reason"] == "first"
    assert [p.name for p in store.folder.iterdir() if p.name.endswith(".tmp")] == []


def test_records_come_in_the_order_of_their_keys(store: Records):
    for seed in range(5):
        store.write(tuned("focal", seed, 0.5, seed=1000 + seed))
    keys = [b["key"] for b in store.all()]
    assert keys == sorted(keys)
    assert len(keys) == 5


def test_truth_is_kept_once_under_the_name_of_its_content(store: Records):
    name = write_truth(store)
    assert write_truth(store) == name
    assert len(list(store.folder.glob("truth-*.npz"))) == 1
    truth, expected = store.truth(name), labels(1)
    assert truth.labels.indices.tolist() == expected.indices.tolist()
    assert truth.counts_train.tolist() == COUNTS.tolist()
    assert (truth.documents_train, len(truth.names), truth.names[3]) == (TRAIN, LABELS, "label 3")
    assert store.all() == []


def test_what_a_clock_measured_is_no_difference():
    one, other = body("baseline", "confirm", 0), body("baseline", "confirm", 0)
    other["measured"] = {"seconds": 99.0}
    other["environment"] = one["environment"] | {"time": "noon"}
    assert same(one, other)
    assert not same(one, other | {"environment": {"python": "3.12"}})
