import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ablate.data import tokens
from ablate.data.tokens import TokenStore, build


class Words:
    """Each word is one token: its length."""

    def __init__(self, key="words"):
        self.key, self.calls = key, 0

    def encode(self, texts):
        self.calls += 1
        return [[len(word) for word in text.split()] for text in texts]


TEXTS = ["a bb ccc", "", "dddd", "e ee eee eeee eeeee"]


def test_a_store_holds_the_tokens_of_each_text(tmp_path):
    store = build(TEXTS, Words(), "data", tmp_path)
    assert isinstance(store.values, np.memmap)
    assert isinstance(store.offsets, np.memmap)
    assert (store.values.dtype, store.offsets.dtype) == (np.int32, np.int64)
    assert store.values.tolist() == [1, 2, 3, 4, 1, 2, 3, 4, 5]
    assert store.offsets.tolist() == [0, 3, 3, 4, 9]
    assert store.lengths.tolist() == [3, 0, 1, 5]
    assert len(store) == 4


def test_tokens_are_cut_between_prefix_and_suffix(tmp_path):
    store = build(TEXTS, Words(), "data", tmp_path)
    ids, lengths = store.take(np.array([3, 1, 0]), 5, (101,), (102, 103))
    assert ids.tolist() == [101, 1, 2, 102, 103, 101, 102, 103, 101, 1, 2, 102, 103]
    assert lengths.tolist() == [5, 3, 5]


def slow_take(rows, chosen, max_length, prefix, suffix):
    """The same, a document at a time."""
    room = max_length - len(prefix) - len(suffix)
    documents = [[*prefix, *rows[row][:room], *suffix] for row in chosen]
    return [token for document in documents for token in document], [len(document) for document in documents]


special = st.lists(st.integers(0, 9), max_size=2)


@settings(deadline=None, derandomize=True)
@given(
    st.lists(st.lists(st.integers(0, 2**31 - 1), max_size=7), min_size=1, max_size=8),
    st.lists(st.integers(0, 7), max_size=10),
    st.integers(4, 9),
    special,
    special,
)
def test_taking_equals_its_slow_twin(rows, chosen, max_length, prefix, suffix):
    chosen = [row % len(rows) for row in chosen]
    values = np.array([token for row in rows for token in row], np.int32)
    store = TokenStore(values, np.cumsum([0, *map(len, rows)]))
    ids, lengths = store.take(np.array(chosen, np.int64), max_length, prefix, suffix)
    assert ids.dtype == lengths.dtype == np.int64
    assert (ids.tolist(), lengths.tolist()) == slow_take(rows, chosen, max_length, prefix, suffix)


def test_a_length_without_room_for_the_special_tokens_is_refused(tmp_path):
    with pytest.raises(ValueError, match="too short for 2 special tokens"):
        build(TEXTS, Words(), "data", tmp_path).take(np.array([0]), 1, (1,), (2,))


def test_texts_are_tokenised_once_and_in_chunks(tmp_path, monkeypatch):
    monkeypatch.setattr(tokens, "CHUNK", 3)
    words = Words()
    first = build(TEXTS * 2, words, "data", tmp_path)
    assert words.calls == 3
    again = build(TEXTS * 2, words, "data", tmp_path)
    assert words.calls == 3
    assert (first.values == again.values).all()
    assert again.offsets.tolist() == [0, 3, 3, 4, 9, 12, 12, 13, 18]


def test_other_data_another_tokenizer_or_another_number_of_texts_is_another_store(tmp_path):
    build(TEXTS, Words(), "data", tmp_path)
    for texts, words, data in ((TEXTS, Words(), "more"), (TEXTS, Words("x"), "data"), (TEXTS[:3], Words(), "data")):
        build(texts, words, data, tmp_path)
        assert words.calls == 1
    assert len(stores(tmp_path)) == 4


@pytest.mark.parametrize("texts", [["", " "], []])
def test_a_store_without_tokens_can_be_read(texts, tmp_path):
    for _ in range(2):
        store = build(texts, Words(), "data", tmp_path)
        assert len(store) == len(texts)
        ids, lengths = store.take(np.arange(len(texts)), 8, (5,))
        assert (ids.tolist(), lengths.tolist()) == ([5] * len(texts), [1] * len(texts))


def stores(cache: Path) -> list[Path]:
    return sorted((cache / "tokens").iterdir())


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-4])


@pytest.mark.parametrize(
    "damage",
    [
        lambda store: cut(store / "values.i32"),
        lambda store: cut(store / "offsets.i64"),
        lambda store: cut(store / "header.json"),
        lambda store: (store / "header.json").unlink(),
        lambda store: (store / "values.i32").write_bytes(b""),
        lambda store: (store / "header.json").write_text("[]"),
    ],
)
def test_a_torn_store_is_made_again(damage, tmp_path):
    build(TEXTS, Words(), "data", tmp_path)
    damage(*stores(tmp_path))
    words = Words()
    assert build(TEXTS, words, "data", tmp_path).values.tolist() == [1, 2, 3, 4, 1, 2, 3, 4, 5]
    assert words.calls == 1
    assert len(stores(tmp_path)) == 1


def test_a_failing_tokenizer_leaves_nothing(tmp_path):
    class Broken(Words):
        def encode(self, texts):
            raise RuntimeError("broken")

    with pytest.raises(RuntimeError, match="broken"):
        build(TEXTS, Broken(), "data", tmp_path)
    assert stores(tmp_path) == []


def test_who_loses_the_race_uses_the_store_of_the_winner(tmp_path):
    class Late(Words):
        """While it works, another process finishes."""

        def encode(self, texts):
            build(TEXTS, Words(), "data", tmp_path)
            return [[7] for _ in texts]

    assert build(TEXTS, Late(), "data", tmp_path).values.tolist() == [1, 2, 3, 4, 1, 2, 3, 4, 5]
    assert len(stores(tmp_path)) == 1


RACE = """
import sys
from pathlib import Path
from ablate.data.tokens import build

class Words:
    key = "words"
    def encode(self, texts):
        return [[len(word) for word in text.split()] for text in texts]

print("ready", flush=True)
sys.stdin.readline()  # both start when told
store = build([f"a bb {'c' * (i % 9)}" for i in range(30_000)], Words(), "data", Path(sys.argv[1]))
print(len(store), int(store.values.sum()), len(store.values), flush=True)
"""


def test_two_processes_building_at_once_leave_one_valid_store(tmp_path):
    command = [sys.executable, "-c", RACE, str(tmp_path)]
    both = [subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    assert [process.stdout.readline() for process in both] == ["ready\n"] * 2
    for process in both:
        process.stdin.write("go\n")
        process.stdin.flush()
    answers = [process.communicate()[0] for process in both]
    assert [process.returncode for process in both] == [0, 0]
    assert answers[0] == answers[1]
    assert answers[0].startswith("30000 ")
    assert len(stores(tmp_path)) == 1
