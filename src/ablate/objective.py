"""What a run minimises: mean over [B, L] of weights(targets) * loss(shift(logits), targets)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ablate.data.labels import Labels
from ablate.factors import Loss, Sampler, Shift, Weighting
from ablate.stats import LabelStats

#: Documents and positives per label that the mean weights are estimated on.
REFERENCE_DOCUMENTS = 2_000
REFERENCE_POSITIVES = 20


@dataclass(frozen=True, eq=False)
class Objective:
    """The loss of one arm, and what is known of it before any training.

    Shapes: ``prior`` [L], share of the documents *as sampled* that carry each label; ``positive_weight`` and
    ``negative_weight`` [L], mean weight of a label's positive and negative pairs.
    """

    loss: Loss
    weighting: Weighting
    shift: Shift
    prior: Tensor
    positive_weight: Tensor
    negative_weight: Tensor

    def __call__(self, logits: Tensor, targets: Tensor, stats: LabelStats) -> Tensor:
        """Loss of a batch in fp32, a scalar; logits and targets [B, L]."""
        logits = logits.float()  # a weight of 1e6 is infinite in half precision
        weights = self.shift.reweigh(self.weighting.weights(targets, stats), targets)
        return self.loss(self.shift.shift(logits, targets, stats), targets, weights, stats)

    def best_constant(self, stats: LabelStats) -> Tensor:
        """The constant logit per label with the lowest expected loss, [L]."""
        closed = self.loss.constant(self.prior * self.positive_weight, (1 - self.prior) * self.negative_weight)
        if closed is None:
            return self._search(stats).to(stats.positives.dtype)
        negatives = torch.zeros_like(closed)[None]
        moved = self.shift.shift(closed[None], negatives, stats)[0] - closed
        return closed - moved

    def _search(self, stats: LabelStats) -> Tensor:
        """Minimise by a grid of logits, refined around the best point until steps of 1e-4."""
        centre = torch.zeros_like(self.prior, dtype=torch.float64)
        for reach in (30.0, 1.5, 0.075, 0.004):
            grid = centre + torch.linspace(-reach, reach, 81, dtype=torch.float64, device=centre.device)[:, None]
            centre = grid.gather(0, self._expected(grid, stats).argmin(0, keepdim=True))[0]
        return centre

    def _expected(self, logits: Tensor, stats: LabelStats) -> Tensor:
        """Expected loss of constant logits, [G, L] for a grid [G, L]."""
        total = torch.zeros_like(logits)
        for target, share, weight in (
            (torch.ones_like(logits), self.prior.double(), self.positive_weight),
            (torch.zeros_like(logits), 1 - self.prior.double(), self.negative_weight),
        ):
            shifted = self.shift.shift(logits, target, stats)
            weights = self.shift.reweigh(weight.double().expand_as(logits), target)
            total = total + share * weights * self.loss.elementwise(shifted, target)
        return total


def objective(
    loss: Loss, weighting: Weighting, shift: Shift, sampler: Sampler, labels: Labels, stats: LabelStats
) -> Objective:
    """The objective of an arm on a training split (``labels``: N x L)."""
    positive, negative = mean_weights(weighting, labels, stats)
    return Objective(loss, weighting, shift, sampled_prior(sampler, labels, stats), positive, negative)


def known_shift(loss: Objective, stats: LabelStats) -> Tensor:
    """How far the objective moves each label's best constant from that of the plain loss, [L].

    Subtracting it from the logits gives *corrected* scores: log w for weighted positives, the prior's change for
    samplers, -tau logit(prior) for logit adjustment (King and Zeng 2001; Menon et al. 2021).
    """
    ones = torch.ones_like(stats.positives)
    plain = Objective(loss.loss, Weighting(), Shift(), stats.prior, ones, ones)
    return loss.best_constant(stats) - plain.best_constant(stats)


def sampled_prior(sampler: Sampler, labels: Labels, stats: LabelStats, weights: Tensor | None = None) -> Tensor:
    """Share of the documents, as the sampler draws them, that carry each label, [L].

    ``weights`` [N] are the sampler's where it has been asked already.
    """
    shift = sampler.shift(stats)
    if shift is not None:
        return torch.sigmoid((stats.log_odds + shift).double()).to(stats.prior.dtype)
    weights = sampler.weights(labels, stats) if weights is None else weights
    weights = weights.detach().cpu().double()  # as Order takes them
    pairs = weights[torch.from_numpy(labels.rows)]
    columns = torch.from_numpy(labels.indices).long()
    drawn = torch.zeros(labels.width, dtype=torch.float64).index_add(0, columns, pairs)
    edge = 0.5 / stats.documents
    prior = (drawn / weights.sum()).clamp(edge, 1 - edge)
    return prior.to(stats.positives.device, stats.positives.dtype)


def mean_weights(weighting: Weighting, labels: Labels, stats: LabelStats) -> tuple[Tensor, Tensor]:
    """Mean weight of the positive and of the negative pairs of each label, two of [L].

    Estimated on the first documents of a seeded shuffle and the first few positives of every label, so that a
    weight may depend on all labels of a document.
    """
    rows = reference_rows(labels)
    device = stats.positives.device
    kinds = ("positive", "negative")
    sums = {kind: torch.zeros(labels.width, dtype=torch.float64, device=device) for kind in kinds}
    pairs = {kind: torch.zeros_like(sums[kind]) for kind in kinds}
    for start in range(0, len(rows), 512):
        targets = torch.from_numpy(labels.take(rows[start : start + 512]).dense()).to(device)
        weights = weighting.weights(targets, stats).expand_as(targets).double()
        for kind, mask in (("positive", targets > 0), ("negative", targets == 0)):
            sums[kind] += (weights * mask).sum(0)
            pairs[kind] += mask.sum(0)
    means = [torch.where(pairs[k] > 0, sums[k] / pairs[k].clamp(min=1), torch.ones_like(sums[k])) for k in kinds]
    return means[0].float(), means[1].float()


def reference_rows(labels: Labels) -> NDArray[np.int64]:
    """Row numbers of the reference documents: a seeded sample and a few positives of each label."""
    order = np.random.default_rng(0).permutation(len(labels))
    rank = np.empty(len(labels), dtype=np.int64)
    rank[order] = np.arange(len(labels))
    pair_order = np.lexsort((rank[labels.rows], labels.indices))
    columns = labels.indices[pair_order]
    first = np.searchsorted(columns, np.arange(labels.width))
    place = np.arange(len(columns)) - first[columns]
    positives = labels.rows[pair_order][place < REFERENCE_POSITIVES]
    return np.unique(np.concatenate([order[:REFERENCE_DOCUMENTS], positives]))
