"""Valid files with damage: each loads as what it says, or is refused in one line."""

import csv
import io
import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ablate.data.dataset import Dataset
from ablate.data.source import load
from ablate.errors import AblateError
from conftest import sample, write

FORMATS = ("parquet", "csv", "tsv", "jsonl")
ROWS = [{**row, "split": ("train", "dev", "test")[i % 3]} for i, row in enumerate(sample(24))]

many = settings(
    max_examples=150, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
)

place, byte = st.integers(0, 10**6), st.integers(0, 255)
flip = st.tuples(st.just("flip"), place, byte)
delete = st.tuples(st.just("delete"), place, st.integers(1, 40))
insert = st.tuples(st.just("insert"), place, st.binary(min_size=1, max_size=8))
# what breaks text formats: separators, quotes, line ends, brackets, escapes, and halves of characters
token = st.sampled_from([b",", b'"', b"\t", b"\n", b"\r", b"\0", b"[", b"{", b"\\", b"null", b"\\ud800", b"\xc3", b"|"])
insert_token = st.tuples(st.just("insert"), place, token)
truncate = st.tuples(st.just("truncate"), place, st.none())
line = st.tuples(st.just("repeat line"), place, st.none())
damages = st.lists(st.one_of(flip, delete, insert, insert_token, truncate, line), min_size=0, max_size=3)


def damaged(whole: bytes, damage) -> bytes:
    for kind, at, what in damage:
        at %= max(1, len(whole))
        if kind == "flip" and whole:
            whole = whole[:at] + bytes([whole[at] ^ what]) + whole[at + 1 :]
        elif kind == "delete":
            whole = whole[:at] + whole[at + what :]
        elif kind == "insert":
            whole = whole[:at] + what + whole[at:]
        elif kind == "truncate":
            whole = whole[:at]
        elif kind == "repeat line":
            lines = whole.splitlines(keepends=True) or [b""]
            lines.insert(at % len(lines), lines[at % len(lines)])
            whole = b"".join(lines)
    return whole


def content(dataset: Dataset):
    labels = dataset.labels.dense().tolist()
    return list(dataset.texts), dataset.names, labels, dataset.split.tolist(), dataset.untrained


def plain(path: Path):
    """Text and label cell of each row, by a reader that knows nothing of ours."""
    if path.suffix == ".parquet":
        rows = pq.read_table(path, columns=["text", "labels"]).to_pylist()
    elif path.suffix == ".jsonl":
        lines = path.read_bytes().decode("utf-8-sig").split("\n")
        rows = [json.loads(line) for line in lines if line.strip()]
    else:
        file = io.StringIO(path.read_bytes().decode("utf-8-sig"), newline="")
        rows = list(csv.DictReader(file, delimiter="\t" if path.suffix == ".tsv" else ","))
        rows = [{key.strip(): cell for key, cell in row.items()} for row in rows]
    return [(row["text"], row["labels"]) for row in rows]


def labels_of(cell, mark):
    names = cell if isinstance(cell, list) else str(cell).split(mark)
    return {" ".join(str(name).split()) for name in names} - {""}


def assert_equal_to_its_source(found: Dataset, path: Path) -> None:
    """Each document has the text and the labels that stand in the file; rows are left out only as copies, and told."""
    rows = plain(path)
    left_out = sum(int(note.split()[0]) for note in found.notes if "left out" in note)
    assert len(found.texts) == len(rows) - left_out
    cells = iter(rows)
    assert all(any(text == told for told, _ in cells) for text in found.texts)  # in this order
    guessed = [note.split("'")[1] for note in found.notes if "(guessed)" in note]
    bracketed = any(str(cell).lstrip().startswith("[") for _, cell in rows if not isinstance(cell, list))
    if left_out or bracketed:
        return
    for row, (_, cell) in enumerate(rows):
        names = {found.names[column] for column in found.labels.take([row]).indices}
        assert names == labels_of(cell, guessed[0] if guessed else "|") - set(found.untrained)


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("damaged")


def outcome(path: Path) -> Dataset | None:
    """The data set, or None where it was refused cleanly; nothing is ever written."""
    before = sorted(path.parent.rglob("*"))
    whole = path.read_bytes()
    try:
        return load(str(path))
    except AblateError as error:
        message = str(error)
        assert message
        assert message.splitlines() == [message]
        message.encode()
        assert path.stem in message
        return None
    finally:
        assert sorted(path.parent.rglob("*")) == before
        assert path.read_bytes() == whole


@pytest.mark.parametrize("suffix", FORMATS)
def test_a_damaged_file_loads_or_is_refused_in_one_line(suffix, folder):
    path = write(folder / f"whole.{suffix}", ROWS)
    source, whole = content(load(str(path))), path.read_bytes()

    @many
    @given(damages)
    def check(damage):
        path.write_bytes(damaged(whole, damage))
        found = outcome(path)
        if path.read_bytes() == whole:
            assert found is not None
            assert content(found) == source
        if found is not None:
            assert found.labels.width == len(found.names) > 0
            assert len(found.texts) == len(found.labels) == len(found.split)
            assert_equal_to_its_source(found, path)

    check()


@pytest.mark.parametrize("suffix", ["csv", "tsv", "jsonl"])
def test_harmless_changes_load_the_same(suffix, folder):
    path = write(folder / f"harmless.{suffix}", ROWS)
    source, whole = content(load(str(path))), path.read_bytes()
    line_ends = whole.replace(b"\r\n", b"\n")
    changes = [
        line_ends,
        line_ends.replace(b"\n", b"\r\n"),
        line_ends.removesuffix(b"\n"),
        whole + b"\n\n",
        b"\xef\xbb\xbf" + whole,
        line_ends.replace(b"\n", b"\n\n"),
    ]
    for changed in changes:
        path.write_bytes(changed)
        found = outcome(path)
        assert found is not None
        assert content(found) == source


@pytest.mark.parametrize("suffix", FORMATS)
def test_every_cut_of_a_file_loads_or_is_refused_in_one_line(suffix, folder):
    path = write(folder / f"cut.{suffix}", ROWS)
    whole = path.read_bytes()
    for end in range(0, len(whole), max(1, len(whole) // 40)):
        path.write_bytes(whole[:end])
        outcome(path)
