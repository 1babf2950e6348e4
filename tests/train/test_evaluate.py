"""Where scores are put."""

import gc
import os
from pathlib import Path

import numpy as np
import pytest

from ablate.errors import AblateError
from ablate.train import evaluate


def test_scores_that_fit_are_held_in_memory_and_larger_ones_in_a_file_without_a_name(monkeypatch, tmp_path):
    monkeypatch.setattr(evaluate.tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(evaluate, "MOST_BYTES", 4 * 1_000 * 7)
    mapped = Path("/proc/self/maps")
    if not mapped.exists():
        pytest.skip("which mappings there are is read from /proc")
    assert evaluate.room(1_000, 7).shape == (1_000, 7)
    assert str(tmp_path) not in mapped.read_text()
    scores = evaluate.room(1_001, 7)
    assert (scores.shape, scores.dtype, scores.flags.writeable) == ((1_001, 7), np.float32, True)
    assert str(tmp_path) in mapped.read_text()
    assert os.listdir(tmp_path) == []
    scores[:] = np.arange(7)
    assert scores.sum() == 1_001 * 21
    del scores
    gc.collect()
    assert str(tmp_path) not in mapped.read_text()


def test_a_full_disk_is_told_before_anything_is_written(monkeypatch):
    monkeypatch.setattr(evaluate, "MOST_BYTES", 0)

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(evaluate.os, "posix_fallocate", full)
    with pytest.raises(AblateError, match=r"no room for 2\.0 GB of scores in .*: No space left on device; set TMPDIR"):
        evaluate.room(1_000_000, 500)
