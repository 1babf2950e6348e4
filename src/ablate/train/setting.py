"""What all runs of a study share: data, device, budget."""

from __future__ import annotations

import copy
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray

from ablate.data.labels import Labels
from ablate.encoders.base import Encoder
from ablate.factors import Clipping
from ablate.strategy import Strategy
from ablate.train.compute import Compute
from ablate.train.features import Standardiser
from ablate.train.inputs import Inputs
from ablate.train.prepared import Prepared
from ablate.train.ranks import ALONE, Ranks

#: Evaluation points of a stage; the state before training is one more.
EVALUATIONS = 25
#: Share of a run's training cost that its learning curve may take where an encoder has to run for it.
CURVE_SHARE = 0.2
#: Fewest and most (document, label) pairs of the curve's probe.
PROBE_DOCUMENTS = 256
PROBE_PAIRS = 4_000_000


@dataclass(frozen=True, eq=False)
class Setting:
    """One backbone on one data set, with the budget of a run.

    ``encoder`` holds the weights that every run starts from (None: random ones, drawn anew by each run);
    ``frozen`` says that ``inputs`` are the vectors of a wholly frozen encoder, ``prefix`` how many bottom layers they
    went through where they are token vectors; ``rate`` is the published rate; ``curve_steps`` are the steps of the run
    that a shorter one stands for, whose learning curve is as dear; ``ranks`` are the processes that make a run
    together.
    """

    prepared: Prepared
    encoder: Encoder
    inputs: Inputs
    frozen: bool
    rate: float
    device: torch.device
    precision: str
    steps: int
    batch_size: int
    alarms_per_document: float
    prefix: int = 0
    standardiser: Standardiser | None = None
    compute: Compute = Compute()
    curve_steps: int | None = None
    ranks: Ranks = ALONE

    @property
    def ahead(self) -> bool:
        """Whether a thread puts the next batch together: worth it where a step takes longer than the hand-over."""
        return self.device.type == "cuda" or (not self.frozen and self.encoder.depth > 0)

    def autocast(self) -> AbstractContextManager[object]:
        """bf16 autocast where the processor has it."""
        return torch.autocast(self.device.type, torch.bfloat16, enabled=self.precision == "bf16")

    def encoder_for(self, strategy: Strategy) -> Encoder:
        """A fresh copy of the encoder, as the strategy wraps it; a shared one where it is only described."""
        if self.frozen:
            return self.encoder
        if self.encoder.weights_sha256 == "from scratch":
            fresh = self.prepared.backbone.build(self.prepared.tokenizer)
        else:
            fresh = copy.deepcopy(self.encoder)
        fresh = fresh.to(self.device)
        fresh.compute(self.compute.checkpointing, self.compute.compile)
        return strategy.freezing.wrap(fresh)

    def probe(self) -> tuple[NDArray[np.int64], Labels]:
        """Validation documents that the learning curve is measured on: the same for every run."""
        rows, labels = self.prepared.rows["validation"], self.prepared.labels["validation"]
        most = PROBE_PAIRS // labels.width
        if not self.frozen and self.encoder.depth:
            # a step costs a forward and a backward pass, about three forward passes
            steps = self.curve_steps or self.steps
            most = min(most, int(CURVE_SHARE * 3 * steps * self.batch_size / EVALUATIONS))
        most = max(PROBE_DOCUMENTS, most)
        if most >= len(rows):
            return rows, labels
        chosen = np.sort(np.random.default_rng(0).permutation(len(rows))[:most])
        return rows[chosen], labels.take(chosen)

    def caps_logits(self, strategy: Strategy) -> bool:
        """Whether the clipping acts on the gradient at the logits."""
        return type(strategy.clipping).at_logits is not Clipping.at_logits

    def with_budget(self, steps: int) -> Setting:
        """The same with another number of steps."""
        return replace(self, steps=steps)
