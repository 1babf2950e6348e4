"""Two small encoders and a ragged batch, the same on both devices."""

from __future__ import annotations

import copy

import torch

from ablate.encoders.base import Batch
from ablate.encoders.transformer import TransformerEncoder
from benchmarks.ratios.case import RandomWeights

FAMILIES = ("bert", "roberta")
LENGTHS = (5, 33, 9, 9, 1, 128, 64, 33)


def build(family: str) -> TransformerEncoder:
    """3 layers of 192 on the CPU, dropout off."""
    backbone = RandomWeights(family=family, shrink=4)
    encoder = backbone.build(backbone.tokenizer([]))
    encoder.set_dropout(0.0)
    return encoder.eval()


def twin(encoder: TransformerEncoder, device: torch.device) -> TransformerEncoder:
    """The same weights on another device."""
    return copy.deepcopy(encoder).to(device)


def ragged(device: torch.device, lengths: tuple[int, ...] = LENGTHS) -> Batch:
    """Documents of very different lengths; numbers on the device, lengths on the CPU."""
    random = torch.Generator().manual_seed(0)
    ids = torch.randint(1_000, 2_000, (sum(lengths),), generator=random)
    return Batch(ids.to(device), torch.tensor(lengths))
