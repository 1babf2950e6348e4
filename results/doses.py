"""Weights from 1 to a million, as strategies: how large the largest is, with and without clipping, by width.

``w = (largest count / count) ** power``, with the power that gives the rarest label the weight ``largest``: the
question's "weights from 1 to 1,000,000", whatever the counts of the data are. Give it to the dose-response studies:
``python -m ablate study results/dose-response-batch-256/study.toml --plugin results/doses.py``.
"""

from dataclasses import dataclass

from torch import Tensor

from ablate.api import LabelStats, Strategy, Weighting
from ablate.components.backbone import Bag
from ablate.components.clipping import NoClipping
from ablate.components.optimizer import ShortMemory


@dataclass(frozen=True)
class SpreadWeight(Weighting):
    """Weight positives by (largest count / count) ** power; the rarest label weighs ``largest``."""

    source = "King and Zeng 2001, to a power"

    largest: float = 1.0

    def weights(self, targets: Tensor, stats: LabelStats) -> Tensor:
        """1 where the label is absent, the label's weight where it is present, [B, L]."""
        rarity = (stats.positives.max() / stats.positives).log()  # [L]
        return 1 + targets * (self.largest ** (rarity / rarity.max()) - 1)


DOSES = {"1": 1.0, "10": 10.0, "1e2": 1e2, "1e3": 1e3, "1e4": 1e4, "1e5": 1e5, "1e6": 1e6}
WIDTHS = (64, 512)

STRATEGIES = (
    *(Strategy(f"dose-{name}", weighting=SpreadWeight(dose)) for name, dose in DOSES.items() if dose > 1),
    *(
        Strategy(f"dose-{name}-unclipped", weighting=SpreadWeight(dose), clipping=NoClipping())
        for name, dose in DOSES.items()
    ),
    *(
        Strategy(f"dose-{name}-width-{width}", weighting=SpreadWeight(DOSES[name]), backbone=Bag(width=width))
        for name in ("1", "1e3", "1e6")
        for width in WIDTHS
    ),
    Strategy(
        "dose-1e6-short-memory-unclipped",
        weighting=SpreadWeight(1e6),
        clipping=NoClipping(),
        optimizer=ShortMemory(beta2=0.95),
    ),
)
