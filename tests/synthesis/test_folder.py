import hashlib
import json
import os
import signal
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from small_specs import small

from ablate.data.source import load
from ablate.errors import AblateError
from ablate.synthesis import chunks, folder
from ablate.synthesis.folder import read_eta, write
from ablate.synthesis.generate import Generated, generate

SPEC = small(documents={"total": 700, "tail": 6}, noise={"missing": 0.1})


@pytest.fixture(autouse=True, scope="module")
def several_chunks():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(chunks, "SIZE", 100)
        yield


@pytest.fixture(scope="module")
def corpus(several_chunks) -> Generated:
    return generate(SPEC)


@pytest.fixture(scope="module")
def written(several_chunks, tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("made") / "small"
    write(SPEC, out)
    return out


def digests(out: Path) -> dict[str, str]:
    files = (path for path in out.rglob("*") if path.is_file())
    return {str(path.relative_to(out)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def test_three_processes_write_the_bytes_of_one(written, tmp_path):
    write(SPEC, tmp_path / "three", workers=3)
    assert digests(tmp_path / "three") == digests(written)
    assert "train-00004.parquet" in digests(written)  # 455 training documents in chunks of 100


def test_stopped_and_started_again_it_writes_the_same_bytes(written, tmp_path, monkeypatch):
    out, whole = tmp_path / "stopped", folder._made

    def stopped(factory, left, out, *how):
        yield from whole(factory, left[:4], out, *how)
        (out / ".test-00000.parquet.9.tmp").write_bytes(b"half")
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(folder, "_made", stopped)
        with pytest.raises(KeyboardInterrupt):
            write(SPEC, out)
    assert not (out / "card.json").exists()
    told = []
    write(SPEC, out, told=lambda done, all_: told.append((done, all_)))
    assert told[0] == (4, len(told) + 3)
    assert digests(out) == digests(written)


def test_an_ordinary_study_reads_the_folder_without_its_tail(written, corpus):
    read = load(str(written))
    assert np.bincount(read.split).tolist() == np.bincount(corpus.split).tolist()
    assert sorted(read.texts) == sorted(corpus.texts)
    assert set(read.names) <= set(corpus.names)
    assert read.labels.counts().sum() == len(corpus.labels.indices)


def test_the_tail_lies_apart_with_the_label_of_each_document(written, corpus):
    table = pq.read_table(sorted((written / "tail").glob("*.parquet")))
    assert table["text"].to_pylist() == corpus.tail.texts
    assert table["drawn_for"].to_pylist() == [corpus.names[label] for label in corpus.tail.label]
    assert set(table["split"].to_pylist()) == {"tail"}


@pytest.mark.parametrize("split", ["train", "validation", "test", "tail"])
def test_the_posterior_lies_beside_the_texts(written, corpus, split):
    found, expected = read_eta(written, split, 10), corpus.eta(split)
    assert np.array_equal(found.indptr, expected.indptr)
    assert np.array_equal(found.indices, expected.indices)
    assert np.allclose(found.values, expected.values, rtol=1e-6)
    assert found.values.dtype == np.float32


def test_the_card_tells_what_was_made(written, corpus):
    card = json.loads((written / "card.json").read_text())
    sizes = np.bincount(corpus.split)
    assert card["documents"] == dict(zip(("train", "validation", "test", "tail"), [*sizes.tolist(), 60], strict=True))
    assert card["training_positives"]["total"] == corpus.world.counts.sum()
    assert card["labels_per_document"]["mean"] == pytest.approx(len(corpus.labels.indices) / 700, abs=1e-4)
    lengths = [len(text.split()) for text in corpus.texts]
    assert card["words_per_document"] == {"mean": pytest.approx(np.mean(lengths), abs=1e-3), "longest": max(lengths)}
    called = corpus.eta("tail").dense()[np.arange(60), corpus.tail.label] > 0.5
    assert card["oracle_at_half"]["macro_recall"] == pytest.approx(called.mean(), abs=1e-4)
    test = corpus.labels.row[np.isin(corpus.labels.row, np.flatnonzero(corpus.split == 2))]
    true = corpus.labels.indices[np.isin(corpus.labels.row, np.flatnonzero(corpus.split == 2))]
    found = corpus.eta("test").dense()[test - np.flatnonzero(corpus.split == 2)[0], true] > 0.5
    assert card["oracle_at_half"]["micro_recall"] == pytest.approx(found.mean(), abs=1e-4)
    assert card["names"] == list(corpus.names)
    assert "60 tail" in (written / "README.md").read_text()


def test_a_folder_of_something_else_is_left_alone(written, tmp_path):
    with pytest.raises(AblateError, match="holds another synthetic data set; give another --out"):
        write(small(seed=8), written)
    (tmp_path / "letter.txt").write_text("dear")
    with pytest.raises(AblateError, match="holds other files; give a new or empty folder as --out"):
        write(SPEC, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["letter.txt"]
    (tmp_path / "file").write_text("")
    with pytest.raises(AblateError, match="cannot be written"):
        write(SPEC, tmp_path / "file")


def test_a_torn_identity_is_no_data_set_of_this_spec(tmp_path):
    (tmp_path / "synth.json").write_text('{"format": 2, "na')
    with pytest.raises(AblateError, match="holds another synthetic data set; give another --out"):
        write(SPEC, tmp_path)


def killed(out, chunk):
    os.kill(os.getpid(), signal.SIGKILL)


def test_a_killed_process_is_one_line_and_what_was_made_stays(written, tmp_path, monkeypatch):
    out = tmp_path / "killed"
    with monkeypatch.context() as patch:
        patch.setattr(folder, "_write", killed)
        with pytest.raises(AblateError, match=r"was killed.*start the same command again to go on, with fewer"):
            write(SPEC, out, workers=2)
    write(SPEC, out)
    assert digests(out) == digests(written)


def test_fewer_than_one_worker_is_refused(tmp_path):
    with pytest.raises(AblateError, match="--workers is 0; give 1 or more"):
        write(SPEC, tmp_path / "none", workers=0)
