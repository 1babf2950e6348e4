"""Five strategies of the literature, written as the author of a plugin would: against ``ablate.api`` alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import torch
import torch.nn.functional as F
from torch import nn

from ablate.api import (
    Encoder,
    Head,
    HeadOnly,
    Labels,
    LabelStats,
    Loss,
    Mixer,
    Procedure,
    Real,
    Sampler,
    Stage,
    Strategy,
    Tensor,
    Tokens,
)


@dataclass(frozen=True)
class Asymmetric(Loss):
    """Focus positives and negatives apart, and forget negatives whose probability lies below a margin."""

    source = "Ridnik et al. 2021"
    baseline_at = {"positive": 0.0, "negative": 0.0, "margin": 0.0}

    positive: Annotated[float, Real(0.0, 2.0)] = 0.0
    negative: Annotated[float, Real(2.0, 6.0)] = 4.0
    margin: Annotated[float, Real(0.0, 0.2)] = 0.05

    def elementwise(self, logits: Tensor, targets: Tensor) -> Tensor:
        """Asymmetric loss of each pair, [B, L]."""
        p = torch.sigmoid(logits)
        shifted = (p - self.margin).clamp(min=0)
        present = -((1 - p) ** self.positive) * F.logsigmoid(logits)
        absent = -(shifted**self.negative) * torch.log1p(-shifted.clamp(max=1 - 1e-7))
        return targets * present + (1 - targets) * absent


@dataclass(frozen=True)
class ClassBalanced(Sampler):
    """Draw a label, then one of its documents; documents without labels count as one more label."""

    source = "Kang et al. 2020"
    baseline_at = {"power": 0.0}

    power: Annotated[float, Real(0.25, 1.0)] = 1.0

    def weights(self, labels: Labels, stats: LabelStats) -> Tensor:
        """Sum of (1 / positives) ** power over a document's labels, [N]."""
        share = stats.positives.cpu().double() ** -self.power  # [L]
        pairs = share[torch.from_numpy(labels.indices).long()]
        drawn = torch.zeros(len(labels), dtype=torch.float64).index_add(0, torch.from_numpy(labels.rows), pairs)
        bare = drawn == 0
        return torch.where(bare, bare.sum().clamp(min=1).double() ** -self.power, drawn)


@dataclass(frozen=True)
class Retrain(Procedure):
    """cRT: learn the features with a plain shuffle, then a new head alone on balanced draws."""

    source = "Kang et al. 2020"

    second: Stage = Stage(0.3, (ClassBalanced(), HeadOnly()), resets=("head",))

    def stages(self) -> tuple[Stage, ...]:
        """All layers, then the head."""
        return Stage(1 - self.second.share), self.second


@dataclass(frozen=True)
class Mixup(Mixer):
    """Blend each document's features and targets with another's, one ratio from Beta(alpha, alpha) per batch."""

    source = "Zhang et al. 2018"

    alpha: Annotated[float, Real(0.05, 1.0, log=True)] = 0.2

    def mix(self, features: Tensor, targets: Tensor, stats: LabelStats) -> tuple[Tensor, Tensor]:
        """Blended features [B, d] and targets [B, L]."""
        ratio = torch.distributions.Beta(self.alpha, self.alpha).sample().to(features.device)
        other = torch.randperm(len(features), device=features.device)
        return torch.lerp(features[other], features, ratio), torch.lerp(targets[other], targets, ratio)


class LabelAttention(nn.Module):
    """Each label attends to the tokens for itself: queries and weights [L, d]."""

    def __init__(self, queries: Tensor, dropout: float) -> None:
        super().__init__()
        self.queries = nn.Parameter(queries.clone())
        self.weight = nn.Parameter(0.02 * torch.randn_like(queries))
        self.dropout = nn.Dropout(dropout)

    def attention(self, tokens: Tokens) -> tuple[Tensor, Tensor]:
        """Attention [B, S, L], nothing on padding, and the token vectors [B, S, d]."""
        vectors, mask = tokens.padded()
        match = (vectors @ self.queries.T).masked_fill(~mask[..., None], float("-inf"))
        return match.softmax(1), vectors

    def forward(self, tokens: Tokens) -> Tensor:
        """Logits [B, L]."""
        attention, vectors = self.attention(tokens)
        summary = attention.transpose(1, 2) @ vectors  # [B, L, d]
        return (self.dropout(summary) * self.weight).sum(-1)


@dataclass(frozen=True)
class LabelWise(Head):
    """CAML's attention over tokens, one query per label, started from the labels' names."""

    source = "Mullenbach et al. 2018"
    reads = "tokens"

    def build(self, encoder: Encoder, stats: LabelStats) -> nn.Module:
        """A module from tokens to logits [B, L]."""
        return LabelAttention(encoder.embed(stats.names), self.dropout)


@dataclass(frozen=True)
class FollowRecall(Sampler):
    """Draw the documents of labels that the model still misses more often, following its running recall."""

    source = "Tian et al. 2022"
    baseline_at = {"strength": 0.0}

    strength: Annotated[float, Real(0.5, 4.0)] = 2.0

    def weights(self, labels: Labels, stats: LabelStats) -> Tensor:
        """1 + strength times the share missed of a document's most missed label, [N]."""
        missed = (1 - stats.running_recall)[torch.from_numpy(labels.indices).long()]
        most = torch.zeros(len(labels), device=missed.device)
        rows = torch.from_numpy(labels.rows).to(missed.device)
        return 1 + self.strength * most.scatter_reduce(0, rows, missed, "amax")


STRATEGIES = (
    Strategy("paper-asymmetric", loss=Asymmetric(), tags=("loss",)),
    Strategy("paper-crt", procedure=Retrain(), tags=("procedure",)),
    Strategy("paper-mixup", mixer=Mixup(), tags=("mixer",)),
    Strategy("paper-label-wise", head=LabelWise(), tags=("head",)),
    Strategy("paper-follow-recall", sampler=FollowRecall(), tags=("sampler",)),
)
