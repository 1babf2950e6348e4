"""Which layers a strategy never trains, so that their output can be computed once."""

from __future__ import annotations

import numpy as np

from ablate.encoders.base import Encoder
from ablate.factors import Freezing, Head
from ablate.strategy import Strategy


def wholly_frozen(strategy: Strategy, encoder: Encoder) -> bool:
    """Whether no layer of the encoder is trained at any point, so that its vectors can be computed once."""
    heads = [strategy.head, *(part for part in _staged(strategy) if isinstance(part, Head))]
    return all(head.reads == "pooled" for head in heads) and _trained(strategy, encoder) == set()


def frozen_layers(strategy: Strategy, encoder: Encoder) -> int | None:
    """How many layers from the bottom are never trained; None where the embeddings are, or an adapter is put in."""
    trained = _trained(strategy, encoder)
    if not encoder.splits or trained is None:
        return None
    lowest = min(trained, default=encoder.depth + 1)
    return None if lowest == 0 else min(lowest - 1, encoder.depth)


def wraps(level: Freezing) -> bool:
    """Whether a freezing puts something else in the encoder's place (adapters)."""
    return type(level).wrap is not Freezing.wrap


def _trained(strategy: Strategy, encoder: Encoder) -> set[int] | None:
    """Numbers of the layers that some stage trains at some moment; None where one wraps the encoder."""
    levels = [strategy.freezing, *(part for part in _staged(strategy) if isinstance(part, Freezing))]
    if any(wraps(level) for level in levels):
        return None
    moments = np.linspace(0.0, 1.0, 101)
    layers = [layer for layer, _ in encoder.layers()]
    return {layer.index for layer in layers if any(level.trainable(layer, p) for level in levels for p in moments)}


def _staged(strategy: Strategy) -> list[object]:
    return [part for stage in strategy.procedure.stages() for part in stage.changes]
