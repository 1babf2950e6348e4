"""Memory runs out: the run is made again in parts and says so, or has failed and says why; the study goes on."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from small_study import Seen, board, bodies, plan, rows

from ablate.encoders.base import Batch
from ablate.study import controls
from ablate.study.conduct import study
from ablate.study.memory import in_parts, within_memory
from ablate.study.ready import Ready, prepare
from ablate.train.device import out_of_memory
from ablate.train.model import Model

TOO_MUCH = 2**50
BERT = {"backbone": "tiny-bert", "steps": 25, "batch_size": 16, "strategies": [], "trials": 1, "seeds": 1}


def no_room(cls: type) -> object:
    """A real failure to get memory, on a CPU and in numpy."""
    return torch.empty(TOO_MUCH) if cls is torch.Tensor else np.empty(TOO_MUCH)


@pytest.fixture
def bert(tmp_path: Path, cache: Path) -> Ready:
    return prepare(plan(tmp_path / "out", cache, **BERT), Seen())


@pytest.mark.parametrize("cls", [torch.Tensor, np.ndarray])
def test_a_lack_of_memory_is_told_from_other_errors(cls: type):
    with pytest.raises((RuntimeError, MemoryError)) as raised:
        no_room(cls)
    assert out_of_memory(raised.value)
    assert out_of_memory(torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 MiB."))
    assert not out_of_memory(RuntimeError("expected scalar type Float"))
    assert not out_of_memory(ValueError("can't allocate memory"))


def test_a_run_in_parts_reads_a_quarter_of_a_batch_at_once(bert: Ready):
    setting = bert.settings.of(bert.arms[0].strategy)
    prepared = setting.prepared
    lengths = np.minimum(prepared.lengths[prepared.rows["train"]], prepared.max_length)
    smaller = in_parts(setting)
    assert smaller is not None
    assert smaller.compute.micro_batch_tokens == int(16 * lengths.mean() / 4)
    again = in_parts(smaller)
    assert again is not None
    assert again.compute.micro_batch_tokens == smaller.compute.micro_batch_tokens // 4
    assert in_parts(replace(setting, frozen=True)) is None


def test_other_errors_are_not_caught(bert: Ready):
    def broken(setting) -> None:
        raise ValueError("mine")

    with pytest.raises(ValueError, match=r"^mine$"):
        within_memory(broken, bert.settings.of(bert.arms[0].strategy))


@pytest.fixture
def most(monkeypatch: pytest.MonkeyPatch):
    """Lets memory run out where an encoder in training reads more than so many tokens at once."""
    features = Model.features

    def put(tokens: int) -> None:
        def bounded(self: Model, inputs: Batch):
            if self.training and int(inputs.lengths.sum()) > tokens:
                no_room(torch.Tensor)
            return features(self, inputs)

        monkeypatch.setattr(Model, "features", bounded)

    return put


def test_a_run_that_is_made_again_in_parts_says_so_on_its_row(tmp_path, cache: Path, most):
    """That parts give the same gradient is tests/train/test_whole.py's."""
    study(plan(tmp_path / "whole", cache, **BERT), Seen())
    most(300)
    study(plan(tmp_path / "parts", cache, **BERT), Seen())
    whole = {b["key"]: b for b in bodies(tmp_path / "whole") if b["kind"] == "strategy"}
    parts = {b["key"]: b for b in bodies(tmp_path / "parts") if b["kind"] == "strategy"}
    assert whole.keys() == parts.keys()
    for key, body in parts.items():
        assert body["status"] == "finished"
        (note,) = [note for note in body["notes"] if note not in whole[key]["notes"]]
        assert note.startswith("micro-batches of ")
        assert note.endswith(" tokens, since memory ran out")
    assert "since memory ran out" in (tmp_path / "parts" / "leaderboard.md").read_text()
    for row in rows(tmp_path / "parts").values():
        assert any("since memory ran out" in note for note in row["notes"]) is (row["kind"] == "strategy")


def test_a_run_for_which_there_is_no_memory_in_parts_either_has_failed(tmp_path, cache: Path, most):
    most(1)
    seen = Seen()
    study(plan(tmp_path / "out", cache, **BERT), seen)
    failed = [b for b in bodies(tmp_path / "out") if b["kind"] == "strategy"]
    assert {b["status"] for b in failed} == {"failed"}
    for body in failed:
        assert body["reason"].startswith("out of memory: ")
        assert body["reason"].endswith(" tokens too")
        assert len(body["reason"].splitlines()) == 1
    assert any("every trial failed" in line for line in seen.said)
    assert board(tmp_path / "out")["rows"]


def test_a_control_for_which_there_is_no_memory_has_failed(tmp_path, cache: Path, monkeypatch):
    monkeypatch.setitem(controls.CONTROLS, "tfidf-linear", lambda prepared: no_room(np.ndarray))
    study(plan(tmp_path / "out", cache, strategies=[], trials=1, seeds=1), Seen())
    (body,) = (b for b in bodies(tmp_path / "out") if b["arm"] == "tfidf-linear")
    assert body["status"] == "failed"
    assert body["reason"].startswith("out of memory: ")
