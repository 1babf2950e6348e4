"""Weights of (document, label) pairs."""

from dataclasses import dataclass
from typing import Annotated

import torch
from torch import Tensor

from ablate.factors import Weighting
from ablate.space import Real
from ablate.stats import LabelStats


@dataclass(frozen=True)
class PowerWeight(Weighting):
    """Weight positives by (negatives / positives) ** power; power 1 is torch's ``pos_weight`` of N-/N+."""

    source = "King and Zeng 2001"
    baseline_at = {"power": 0.0}

    power: Annotated[float, Real(0.1, 1.0)] = 1.0

    def weights(self, targets: Tensor, stats: LabelStats) -> Tensor:
        """1 where the label is absent, the label's weight where it is present, [B, L]."""
        # a label on (almost) every document would weigh nothing, and its positives teach nothing then
        ratio = (stats.negatives / stats.positives).clamp(min=1 / stats.documents)
        return 1 + targets * (ratio**self.power - 1)


@dataclass(frozen=True)
class InverseWeight(Weighting):
    """Weight positives by negatives / positives: every label's two classes weigh the same in total."""

    source = "King and Zeng 2001"

    def weights(self, targets: Tensor, stats: LabelStats) -> Tensor:
        """As :class:`PowerWeight` at power 1, [B, L]."""
        return PowerWeight(1.0).weights(targets, stats)


@dataclass(frozen=True)
class ClippedWeight(Weighting):
    """Weight positives by (negatives / positives) ** power, clipped to 1 ... cap: from no weight to a million."""

    source = "King and Zeng 2001, clipped"
    baseline_at = {"cap": 1.0}

    power: Annotated[float, Real(0.1, 1.0)] = 1.0
    cap: Annotated[float, Real(1.0, 1e6, log=True)] = 100.0

    def weights(self, targets: Tensor, stats: LabelStats) -> Tensor:
        """1 where the label is absent, the clipped weight where it is present, [B, L]."""
        ratio = (stats.negatives / stats.positives) ** self.power  # [L]
        return 1 + targets * (ratio.clamp(1, self.cap) - 1)


@dataclass(frozen=True)
class LogWeight(Weighting):
    """Weight positives by 1 + scale * log(largest count / count): 12 and more only beyond 100,000 to 1."""

    source = "folk"
    baseline_at = {"scale": 0.0}

    scale: Annotated[float, Real(0.1, 3.0)] = 1.0

    def weights(self, targets: Tensor, stats: LabelStats) -> Tensor:
        """1 where the label is absent, the label's weight where it is present, [B, L]."""
        return 1 + targets * self.scale * (stats.positives.max() / stats.positives).log()


@dataclass(frozen=True)
class BatchBalance(Weighting):
    """Weight positives by negatives / positives *of the batch*, clipped to 1 ... cap; an absent label weighs 1.

    In a batch of B documents no weight exceeds B - 1, so a larger batch makes a stronger remedy.
    """

    source = "Xie and Tu 2015 (HED)"
    baseline_at = {"cap": 1.0}

    cap: Annotated[float, Real(1.0, 1000.0, log=True)] = 1000.0

    def weights(self, targets: Tensor, stats: LabelStats) -> Tensor:
        """1 where the label is absent, the batch's ratio where it is present, [B, L]."""
        present = targets.sum(0)  # [L]
        ratio = (len(targets) - present) / torch.where(present > 0, present, 1)
        return 1 + targets * (ratio.clamp(1, self.cap) - 1)


@dataclass(frozen=True)
class RecallWeight(Weighting):
    """Weight positives by (1 - recall) ** power, recall being the model's own on late batches, scaled to mean 1.

    What is found already gives its weight to what is missed; no weight depends on a count.
    """

    source = "Tian et al. 2022 (recall loss)"
    baseline_at = {"power": 0.0}

    power: Annotated[float, Real(0.25, 2.0)] = 1.0
    floor: float = 0.01

    def weights(self, targets: Tensor, stats: LabelStats) -> Tensor:
        """1 where the label is absent, the label's weight where it is present, [B, L]."""
        missed = (1 - stats.running_recall).clamp(min=self.floor) ** self.power  # [L]
        return 1 + targets * (missed / missed.mean() - 1)


@dataclass(frozen=True)
class RebalancedWeight(Weighting):
    """R-BCE: weigh a pair by how much of its document's chance to be drawn its label accounts for.

    r = (1/n_label) / sum over the document's labels of 1/n; the weight is lift + sigmoid(slope * (r - centre)), on
    present and absent labels alike. A document without labels has r = infinity: every pair weighs lift + 1.
    The paper's values for text (Huang et al. 2021).
    """

    source = "Wu et al. 2020"

    lift: float = 0.1
    slope: Annotated[float, Real(0.1, 20.0, log=True)] = 10.0
    centre: Annotated[float, Real(0.05, 0.95)] = 0.9

    def weights(self, targets: Tensor, stats: LabelStats) -> Tensor:
        """Weights between lift and lift + 1, [B, L]."""
        rarity = 1 / stats.positives  # [L]
        drawn = targets @ rarity  # [B]
        share = rarity / torch.where(drawn > 0, drawn, 1)[:, None]
        smooth = torch.sigmoid(self.slope * (share - self.centre))
        return self.lift + torch.where(drawn[:, None] > 0, smooth, 1)


@dataclass(frozen=True)
class RarestLabelWeight(Weighting):
    """Weigh all pairs of a document by (largest count / count) ** power of its rarest label, scaled to mean 1.

    ``reduction='none'`` and a weight per entry, as the forum answer has it; a document without labels counts as one
    of the most frequent label.
    """

    source = "forum answer; Mahajan et al. 2018 (square root)"
    baseline_at = {"power": 0.0}

    power: Annotated[float, Real(0.1, 1.0)] = 0.5

    def weights(self, targets: Tensor, stats: LabelStats) -> Tensor:
        """One weight per document, mean 1 over the batch, [B, L]."""
        rarity = (stats.positives.max() / stats.positives) ** self.power  # [L], at least 1
        document = (targets * rarity).amax(1).clamp(min=1)  # [B]
        return (document / document.mean())[:, None].expand_as(targets)


@dataclass(frozen=True)
class MeanLabelWeight(Weighting):
    """Weigh all pairs of a document by the mean of (largest count / count) ** power over its labels, scaled to mean 1.

    Milder than by the rarest label where rare labels come with frequent ones.
    """

    source = "forum answer; Mahajan et al. 2018 (square root)"
    baseline_at = {"power": 0.0}

    power: Annotated[float, Real(0.1, 1.0)] = 0.5

    def weights(self, targets: Tensor, stats: LabelStats) -> Tensor:
        """One weight per document, mean 1 over the batch, [B, L]."""
        rarity = (stats.positives.max() / stats.positives) ** self.power  # [L], at least 1
        labels = targets.sum(1)  # [B]
        document = torch.where(labels > 0, targets @ rarity / torch.where(labels > 0, labels, 1), 1)
        return (document / document.mean())[:, None].expand_as(targets)


@dataclass(frozen=True)
class EffectiveNumber(Weighting):
    """Weight both classes of a label by (1 - beta) / (1 - beta ** n), scaled to mean 1 over labels."""

    source = "Cui et al. 2019"
    baseline_at = {"rest": 1.0}

    #: 1 - beta; the paper's beta are .9, .99, .999 and .9999
    rest: Annotated[float, Real(1e-5, 1e-1, log=True)] = 1e-3

    def weights(self, targets: Tensor, stats: LabelStats) -> Tensor:
        """One weight per label, [1, L]."""
        n = stats.positives.double()
        beta = torch.tensor(1 - self.rest, dtype=torch.float64, device=n.device)
        weights = self.rest / (1 - beta**n)
        return (weights / weights.mean()).to(targets.dtype)[None]
