"""Weights of confirming runs, kept on request."""

from __future__ import annotations

import os
from pathlib import Path

from safetensors.torch import save_file

from ablate.train.model import Model


def keep(model: Model, path: Path) -> None:
    """Write the parameters of a run as safetensors, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(f".{os.getpid()}.tmp")
    save_file({name: tensor.detach().cpu().contiguous() for name, tensor in model.state_dict().items()}, temporary)
    os.replace(temporary, path)
