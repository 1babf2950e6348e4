"""Two thirds of the layers frozen from the bottom: the Trainer runs them in every step, we once per document."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ablate.components.freezing import LastLayers
from ablate.strategy import Strategy
from ablate.train.device import precision
from benchmarks.ratios import corpus, ours, trainer
from benchmarks.ratios.case import Case, minilm
from benchmarks.ratios.clock import seconds
from benchmarks.ratios.entry import entry, side_by_side
from benchmarks.ratios.modules import quick
from benchmarks.ratios.trainer import Rows, Way

KEYS = {"frozen4_vs_trainer": 6.0}
EPOCHS = 3


@dataclass(frozen=True)
class Size:
    """Documents, batch, and the layers at the top that are trained."""

    documents: int = 320
    batch: int = 32
    trained: int = 2


def measure() -> dict[str, dict[str, Any]]:
    """The ratio with MiniLM on the CPU."""
    return {"frozen4_vs_trainer": compare(minilm(), Size(16, 8) if quick() else Size(), KEYS["frozen4_vs_trainer"])}


def compare(case: Case, size: Size, goal: float) -> dict[str, Any]:
    """Three epochs on both sides; ours starts from an empty cache in every repeat."""
    random = np.random.default_rng(1)
    data = corpus.dataset(corpus.lengths(size.documents, random), random)
    steps = EPOCHS * size.documents // size.batch
    strategy = case.strategy(Strategy("last-layers", freezing=LastLayers(size.trained)))
    own = precision(case.device)
    way = Way(bf16=own == "bf16", frozen=case.layers - size.trained)

    def ours_seconds() -> float:
        with ours.fresh_cache() as cache:
            made = ours.settings(case, data, cache, steps, size.batch, corpus.LONGEST)
            return seconds(case.device, lambda: ours.train(strategy, made.of(strategy)))

    with ours.fresh_cache() as cache:
        rows = Rows.of(
            case, ours.settings(case, data, cache, steps, size.batch, corpus.LONGEST).prepared(case.backbone)
        )
    ours_seconds()
    trainer.step_seconds(rows, way, 1, size.batch)
    runs = side_by_side(ours_seconds, lambda: trainer.step_seconds(rows, way, steps, size.batch))
    return entry(goal, runs, f"both in {own}; {EPOCHS} epochs of {size.documents} documents, an empty cache each time")
