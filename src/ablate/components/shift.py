"""Shifts of the logits in training only."""

from dataclasses import dataclass
from typing import Annotated

from torch import Tensor

from ablate.factors import Shift
from ablate.space import Real
from ablate.stats import LabelStats


@dataclass(frozen=True)
class LogitAdjustment(Shift):
    """Train on z + tau * logit(prior), predict with z.

    With a free bias per label that starts at its best constant this is binary cross-entropy reparametrised: the
    bias absorbs the shift. It stands on the board as an identity, not as a remedy.
    """

    source = "Menon et al. 2021"
    baseline_at = {"tau": 0.0}

    tau: Annotated[float, Real(0.1, 2.0)] = 1.0

    def shift(self, logits: Tensor, targets: Tensor, stats: LabelStats) -> Tensor:
        """Logits moved by tau times the prior's log-odds, [B, L]."""
        return logits + self.tau * stats.log_odds
