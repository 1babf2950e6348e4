"""Scores of a model over many documents."""

from __future__ import annotations

import mmap
import os
import sys
import tempfile

import numpy as np
import torch
from numpy.typing import NDArray

from ablate.errors import AblateError
from ablate.factors import Loss
from ablate.train.inputs import Inputs
from ablate.train.model import Model, set_mode
from ablate.train.setting import Setting

MOST_BYTES = 2**30
"""Scores of more bytes lie in a temporary file."""


def score(model: Model, inputs: Inputs, rows: NDArray[np.int64], loss: Loss, setting: Setting) -> NDArray[np.float32]:
    """Ranking scores of the named documents, [len(rows), L], dropout off.

    Documents are read in order of length, so that padding costs little. Scores of more than 1 GB are written to a
    file that goes with the array; raises :class:`AblateError` where the disk has no room for it. Ranks take the parts
    in turns, and rank 0 alone has the scores (the others give [0, L]): it alone judges, and a copy on every rank would
    take the memory of a machine as many times.
    """
    ranks, width = setting.ranks, len(model.bias)
    out = room(len(rows) if ranks.leads else 0, width)
    parts = inputs.by_length(rows, 256)
    model.eval()
    with torch.no_grad(), setting.autocast():
        for start in range(0, len(parts), ranks.size):
            turn = parts[start : start + ranks.size]
            own = None
            if ranks.rank < len(turn):
                logits = model.logits(model.features(inputs.take(rows[turn[ranks.rank]]))).float()
                own = loss.scores(logits)
            for part, scores in zip(turn, ranks.collect(own, [len(part) for part in turn], width), strict=False):
                out[part] = scores.cpu().numpy()
    set_mode(model)
    return out


def room(documents: int, width: int) -> NDArray[np.float32]:
    """Where scores are put, [documents, width]: in memory, or in a nameless file that nothing can leave behind."""
    size = documents * width * 4
    if size <= MOST_BYTES:
        return np.empty((documents, width), dtype=np.float32)
    with tempfile.TemporaryFile(prefix="ablate-scores-") as file:
        try:  # all of it at once: a disk that fills up under a mapping kills the process
            if sys.platform == "linux":
                os.posix_fallocate(file.fileno(), 0, size)
            else:
                file.truncate(size)
        except OSError as error:
            raise AblateError(
                f"no room for {size / 1e9:.1f} GB of scores in {tempfile.gettempdir()}: {error.strerror}; "
                "set TMPDIR to a folder on a disk with room"
            ) from None
        return np.frombuffer(mmap.mmap(file.fileno(), size), np.float32).reshape(documents, width)
