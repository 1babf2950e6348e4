"""How often each training document is drawn."""

from dataclasses import dataclass
from typing import Annotated

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ablate.data.labels import Labels
from ablate.factors import Sampler
from ablate.space import Real
from ablate.stats import LabelStats


@dataclass(frozen=True)
class RepeatFactor(Sampler):
    """Repeat a document max over its labels of max(1, sqrt(threshold / frequency)) times."""

    source = "Gupta, Dollar and Girshick 2019 (LVIS)"
    baseline_at = {"threshold": 0.0}

    threshold: Annotated[float, Real(1e-4, 1e-1, log=True)] = 1e-2

    def weights(self, labels: Labels, stats: LabelStats) -> Tensor:
        """Repeat factor of each document, [N]; 1 for documents without labels."""
        frequency = (stats.positives / stats.documents).cpu().double().numpy()
        label = np.maximum(1.0, np.sqrt(self.threshold / frequency))
        factors = np.ones(len(labels))
        np.maximum.at(factors, labels.rows, label[labels.indices])
        return torch.from_numpy(factors)


@dataclass(frozen=True)
class LabelPower(Sampler):
    """Draw a label in proportion to count ** power, then one of its documents: 1 plain, 0.5 square root, 0 class-aware.

    A document of several labels takes the mean over them, so that power 1 is the plain shuffle exactly; documents
    without labels count as one more label.
    """

    source = "Mahajan et al. 2018; Kang et al. 2020"
    baseline_at = {"power": 1.0}

    power: Annotated[float, Real(0.0, 1.0)] = 0.5

    def weights(self, labels: Labels, stats: LabelStats) -> Tensor:
        """Mean of count ** (power - 1) over a document's labels, [N]."""
        return label_power(labels, stats, self.power)


@dataclass(frozen=True)
class Progressive(Sampler):
    """Go from the plain shuffle to class-aware draws as the run goes on: (1 - t) * plain + t * class-aware."""

    source = "Kang et al. 2020"
    baseline_at = {"end": 0.0}

    #: the share of class-aware draws at the end of the run
    end: Annotated[float, Real(0.2, 1.0)] = 1.0

    def weights(self, labels: Labels, stats: LabelStats) -> Tensor:
        """The blend at this share of the run, [N]."""
        share = self.end * stats.progress
        aware = label_power(labels, stats, 0.0)
        return (1 - share) + share * aware / aware.mean()


@dataclass(frozen=True)
class MlRos(Sampler):
    """ML-ROS: clone documents of every label whose imbalance n_max / n lies above the mean imbalance.

    ``share`` of the documents is cloned, the labels taking turns until a label's imbalance has come down to the mean.
    The paper picks the clones at random; drawing weights have the same expectation in every epoch.
    """

    source = "Charte et al. 2015 (ML-ROS)"
    baseline_at = {"share": 0.0}

    share: Annotated[float, Real(0.05, 0.5)] = 0.25

    def weights(self, labels: Labels, stats: LabelStats) -> Tensor:
        """1 + expected clones of each document, [N]."""
        counts = stats.positives.cpu().double().numpy()
        imbalance = counts.max() / counts
        minority = imbalance > imbalance.mean()
        room = np.where(minority, counts.max() / imbalance.mean() - counts, 0)  # clones until the mean is reached
        clones = np.minimum(room, _level(room[minority], self.share * len(labels)))
        copies = np.ones(len(labels))
        np.add.at(copies, labels.rows, (clones / counts)[labels.indices])
        return torch.from_numpy(copies)


@dataclass(frozen=True)
class HeadUndersampling(Sampler):
    """Keep every document with a label rarer than ``frequency``, and a share of the others.

    The only remedy that makes an epoch shorter. The shift of the labels' log-odds that it causes is read off the
    weights, which is exact with several labels per document too.
    """

    source = "Drummond and Holte 2003 (under-sampling); King and Zeng 2001 (prior correction)"
    baseline_at = {"keep": 1.0}

    frequency: Annotated[float, Real(1e-3, 1e-1, log=True)] = 1e-2
    keep: Annotated[float, Real(0.02, 1.0, log=True)] = 0.2

    def weights(self, labels: Labels, stats: LabelStats) -> Tensor:
        """1 for documents with a rare label, ``keep`` for all others, [N]."""
        rare = (stats.positives < self.frequency * stats.documents).cpu().numpy()
        kept = np.full(len(labels), self.keep)
        kept[labels.rows[rare[labels.indices]]] = 1.0
        return torch.from_numpy(kept)


@dataclass(frozen=True)
class FollowRecall(Sampler):
    """Draw a document 1 + strength * (1 - recall) times: the model's own recall, lately, of its most missed label."""

    source = "Tian et al. 2022 (recall loss), as a sampler"
    baseline_at = {"strength": 0.0}

    strength: Annotated[float, Real(0.5, 4.0)] = 2.0

    def weights(self, labels: Labels, stats: LabelStats) -> Tensor:
        """1 for documents without labels, up to 1 + strength for those with a label that is never found, [N]."""
        missed = (1 - stats.running_recall).cpu().double().numpy()
        most = np.zeros(len(labels))
        np.maximum.at(most, labels.rows, missed[labels.indices])
        return torch.from_numpy(1 + self.strength * most)


def label_power(labels: Labels, stats: LabelStats, power: float) -> Tensor:
    """Mean of count ** (power - 1) over the labels of each document, [N]."""
    lengths = labels.lengths
    share = stats.positives.cpu().double().numpy() ** (power - 1)  # [L]
    total = np.bincount(labels.rows, weights=share[labels.indices], minlength=len(labels))
    bare = float(max(1, int(np.count_nonzero(lengths == 0)))) ** (power - 1)
    return torch.from_numpy(np.where(lengths > 0, total / np.maximum(lengths, 1), bare))


def _level(room: NDArray[np.float64], wanted: float) -> float:
    """The height to which ``wanted`` fills vessels that hold ``room`` each, poured evenly."""
    left, level = wanted, 0.0
    for place, top in enumerate(np.sort(room).tolist()):
        step = min(top - level, left / (len(room) - place))
        level, left = level + step, left - step * (len(room) - place)
    return level
