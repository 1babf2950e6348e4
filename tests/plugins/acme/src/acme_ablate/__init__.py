"""Three strategies: one works, one is wrong from the start, one breaks in the middle of a run."""

from dataclasses import dataclass
from typing import Annotated

from ablate.api import LabelStats, Loss, Real, Strategy, Tensor, Weighting


@dataclass(frozen=True)
class Tempered(Weighting):
    """Weight positives by (negatives / positives) ** power."""

    source = "King and Zeng 2001"
    baseline_at = {"power": 0.0}

    power: Annotated[float, Real(0.1, 1.0)] = 0.25

    def weights(self, targets: Tensor, stats: LabelStats) -> Tensor:
        """1 where the label is absent, the label's weight where it is present, [B, L]."""
        ratio = (stats.negatives / stats.positives).clamp(min=1 / stats.documents)  # [L]
        return 1 + targets * (ratio**self.power - 1)


@dataclass(frozen=True)
class Lopsided(Weighting):
    """Divide by how often a label is in the batch: what is in none weighs infinitely much."""

    source = "a mistake"

    def weights(self, targets: Tensor, stats: LabelStats) -> Tensor:
        """Weights [1, L]."""
        return 1 / (targets[:1].sum(0, keepdim=True))


@dataclass(frozen=True)
class Forgetful(Loss):
    """Binary cross-entropy that looks for a table which nobody gave it, halfway through the run."""

    source = "a mistake"

    def __call__(self, logits: Tensor, targets: Tensor, weights: Tensor, stats: LabelStats) -> Tensor:
        """Loss of the batch, a scalar."""
        if stats.progress > 0.5:
            raise KeyError("no table")
        return super().__call__(logits, targets, weights, stats)


STRATEGIES = (
    Strategy("acme-tempered", weighting=Tempered()),
    Strategy("acme-lopsided", weighting=Lopsided()),
    Strategy("acme-forgetful", loss=Forgetful()),
)
