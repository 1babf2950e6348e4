"""Scores of a model over many documents."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from ablate.factors import Loss
from ablate.train.inputs import Inputs
from ablate.train.model import Model, set_mode
from ablate.train.setting import Setting


def score(model: Model, inputs: Inputs, rows: NDArray[np.int64], loss: Loss, setting: Setting) -> NDArray[np.float32]:
    """Ranking scores of the named documents, [len(rows), L], dropout off.

    Documents are read in order of length, so that padding costs little.
    """
    out = np.empty((len(rows), len(model.bias)), dtype=np.float32)
    model.eval()
    with torch.no_grad(), setting.autocast():
        for part in inputs.by_length(rows, 256):
            logits = model.logits(model.features(inputs.take(rows[part]))).float()
            out[part] = loss.scores(logits).cpu().numpy()
    set_mode(model)
    return out
