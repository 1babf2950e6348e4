"""What a remedy may know of the training split."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import torch
from torch import Tensor

#: Upper ends (exclusive) of the frequency buckets, in training positives.
BUCKETS = {"rare": 10, "few": 100, "medium": 10_000, "head": None}


@dataclass(eq=False)
class LabelStats:
    """Counts of the training split, and what is known while a run goes on.

    Every label here has at least one training positive (the others are left out of the study and named), so
    no remedy divides by zero. Components read this value and never write to it, except for ``memory``.

    Attributes:
        positives: training documents that carry each label, float [L], at least 1.
        documents: number of training documents N.
        names: label names, L of them.
        progress: share of the run's steps done, in [0, 1].
        running_recall: recall at 0.5 on the training documents seen lately, float [L].
        memory: tensors that a component keeps between steps; they travel with checkpoints.
    """

    positives: Tensor
    documents: int
    names: tuple[str, ...] = ()
    progress: float = 0.0
    running_recall: Tensor = field(default_factory=lambda: torch.zeros(0))
    memory: dict[str, Tensor] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not len(self.running_recall):
            self.running_recall = torch.zeros_like(self.positives)

    @property
    def negatives(self) -> Tensor:
        """Training documents without each label, float [L]."""
        return self.documents - self.positives

    @property
    def prior(self) -> Tensor:
        """Share of the training documents that carry each label, float [L], strictly inside (0, 1)."""
        edge = 0.5 / self.documents
        return (self.positives / self.documents).clamp(edge, 1 - edge)

    @property
    def log_odds(self) -> Tensor:
        """Logit of the prior, float [L]."""
        return torch.logit(self.prior.double()).to(self.positives.dtype)

    @property
    def buckets(self) -> tuple[str, ...]:
        """Frequency bucket of each label: rare (under 10), few (10-99), medium (100-9,999), head."""
        return tuple(_bucket(int(n)) for n in self.positives.tolist())

    def to(self, device: torch.device) -> LabelStats:
        """The same on another device; ``memory`` is shared."""
        return replace(self, positives=self.positives.to(device), running_recall=self.running_recall.to(device))


def _bucket(positives: int) -> str:
    return next(name for name, end in BUCKETS.items() if end is None or positives < end)
