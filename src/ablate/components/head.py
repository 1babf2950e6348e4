"""What turns an encoder's features into logits."""

import math
from dataclasses import dataclass
from typing import Annotated

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ablate.encoders.base import Batch, Encoder, Tokens
from ablate.encoders.dropout import Dropout
from ablate.errors import AblateError
from ablate.factors import Head
from ablate.space import Real
from ablate.stats import LabelStats

DEVIATION = 0.02
"""Of the weights of a fresh layer, as in BERT."""


@dataclass(frozen=True)
class MlpHead(Head):
    """Dropout, a tanh layer as wide as the features, dropout, a linear layer: RoBERTa's classification head."""

    source = "Liu et al. 2019 (RoBERTa)"

    def build(self, encoder: Encoder, stats: LabelStats) -> nn.Module:
        """A module from features [B, d] to logits [B, L] without bias."""
        hidden, linear = nn.Linear(encoder.width, encoder.width), super().build(encoder, stats)
        nn.init.normal_(hidden.weight, std=DEVIATION)
        nn.init.zeros_(hidden.bias)
        return nn.Sequential(Dropout(self.dropout), hidden, nn.Tanh(), *linear.children())


class Cosine(nn.Module):
    """Logits ``scale * cos(features, weight)``; the scale is learnt."""

    def __init__(self, width: int, labels: int, scale: float, dropout: float) -> None:
        super().__init__()
        self.dropout = Dropout(dropout)
        self.scale = nn.Parameter(torch.tensor(scale))
        self.weight = nn.Parameter(DEVIATION * torch.randn(labels, width))

    def forward(self, features: Tensor) -> Tensor:
        """Logits [B, L]."""
        return self.scale * F.linear(F.normalize(self.dropout(features), dim=-1), F.normalize(self.weight, dim=-1))


@dataclass(frozen=True)
class CosineHead(Head):
    """Logits scale * cos(features, weights): no label gains by the length of its weights. The scale is learnt."""

    source = "Gidaris and Komodakis 2018"

    scale: Annotated[float, Real(3.0, 60.0, log=True)] = 10.0

    def build(self, encoder: Encoder, stats: LabelStats) -> nn.Module:
        """A module from features [B, d] to logits [B, L]."""
        return Cosine(encoder.width, len(stats.positives), self.scale, self.dropout)


class MeanOfTokens(nn.Module):
    """The mean of each document's tokens, and what follows it."""

    def __init__(self, above: nn.Module) -> None:
        super().__init__()
        self.above = above

    def forward(self, tokens: Tokens) -> Tensor:
        """Logits [B, L]."""
        logits: Tensor = self.above(tokens.mean())
        return logits


@dataclass(frozen=True)
class MeanHead(Head):
    """Dropout and a linear layer on the mean of the token vectors, padding left out, whatever the encoder pools by."""

    source = "Reimers and Gurevych 2019"
    reads = "tokens"

    def build(self, encoder: Encoder, stats: LabelStats) -> nn.Module:
        """A module from tokens to logits [B, L]."""
        return MeanOfTokens(super().build(encoder, stats))

    def idle(self, encoder: Encoder) -> str:
        """Says so where the encoder pools by the mean itself."""
        device = next(encoder.parameters()).device
        batch = encoder.batch(["one two three four"], 16)
        with torch.no_grad():
            tokens = encoder(Batch(batch.ids.to(device), batch.lengths))
            same = torch.allclose(encoder.pool(tokens), tokens.mean(), atol=1e-6)
        return f"{encoder.name} pools by the mean of its tokens already" if same else ""


class LabelWise(nn.Module):
    """Each label attends to the tokens for itself: queries and weights [L, d]."""

    def __init__(self, queries: Tensor, dropout: float) -> None:
        super().__init__()
        self.queries = nn.Parameter(queries.clone())
        self.weight = nn.Parameter(DEVIATION * torch.randn_like(queries))
        self.dropout = Dropout(dropout)

    def attention(self, tokens: Tokens) -> tuple[Tensor, Tensor]:
        """Attention [B, S, L], nothing on padding, and the token vectors [B, S, d]."""
        vectors, mask = tokens.padded()
        match = F.linear(vectors, self.queries).masked_fill(~mask[..., None], float("-inf"))
        return match.softmax(1), vectors

    def forward(self, tokens: Tokens) -> Tensor:
        """Logits [B, L]: the weights at the attended mean, without writing down [B, L, d]."""
        attention, vectors = self.attention(tokens)
        return (attention * F.linear(self.dropout(vectors), self.weight)).sum(1)


@dataclass(frozen=True)
class LabelAttention(Head):
    """CAML: label c reads sum over tokens of softmax(h . u_c) h, each label with a query u_c of its own."""

    source = "Mullenbach et al. 2018 (CAML)"
    reads = "tokens"

    def build(self, encoder: Encoder, stats: LabelStats) -> nn.Module:
        """A module from tokens to logits [B, L]."""
        return LabelWise(self.queries(encoder, stats), self.dropout)

    def queries(self, encoder: Encoder, stats: LabelStats) -> Tensor:
        """Where the queries start, [L, d]."""
        return torch.randn(len(stats.positives), encoder.width) / math.sqrt(encoder.width)


@dataclass(frozen=True)
class NamedLabelAttention(LabelAttention):
    """CAML's attention with queries that start as the encoder's vectors of the labels' names."""

    source = "Mullenbach et al. 2018 (CAML); Wang et al. 2018 (LEAM: joint embedding of words and labels)"

    def queries(self, encoder: Encoder, stats: LabelStats) -> Tensor:
        """The names' vectors, as long as random ones would be, [L, d]."""
        return directions(encoder, stats)


@dataclass(frozen=True)
class NamedHead(Head):
    """A linear layer whose weights start in the direction of the labels' names, as long as random ones.

    The names' vectors are centred over the labels, so that a weight says what tells its label from the others.
    """

    source = "Wang et al. 2018 (LEAM)"

    def build(self, encoder: Encoder, stats: LabelStats) -> nn.Module:
        """A module from features [B, d] to logits [B, L] without bias."""
        module = super().build(encoder, stats)
        (weight,) = module.parameters()
        with torch.no_grad():
            weight.copy_(DEVIATION * math.sqrt(encoder.width) * directions(encoder, stats))
        return module


def directions(encoder: Encoder, stats: LabelStats) -> Tensor:
    """Vectors of the labels' names, centred over the labels, of length one (or zero where all names are alike), [L, d].

    Raises:
        AblateError: the data set has no label names.
    """
    if len(stats.names) != len(stats.positives):
        raise AblateError("a head that starts from label names needs a name for each label; this data set has none")
    vectors = encoder.embed(stats.names).float().cpu()
    centred = vectors - vectors.mean(0) if len(vectors) > 1 else vectors
    return F.normalize(centred, dim=-1)


class Scaled(nn.Module):
    """Logits of another head times one factor per label, [L], which starts at one."""

    def __init__(self, below: nn.Module, labels: int) -> None:
        super().__init__()
        self.below = below
        self.factor = nn.Parameter(torch.ones(labels))

    def forward(self, features: Tensor) -> Tensor:
        """Logits [B, L]."""
        logits: Tensor = self.below(features)
        return self.factor * logits


@dataclass(frozen=True)
class ScaledHead(Head):
    """LWS: logits f_c * (w_c . h), one factor f_c per label; put on a learnt head, it trains the factors alone."""

    source = "Kang et al. 2020 (LWS)"

    dropout: float = 0.1  # not tuned: a learnt head brings its own

    def build(self, encoder: Encoder, stats: LabelStats) -> nn.Module:
        """A module from features [B, d] to logits [B, L] without bias."""
        return Scaled(super().build(encoder, stats), len(stats.positives))

    def carry(self, previous: nn.Module, encoder: Encoder, stats: LabelStats) -> nn.Module:
        """Factors on the head of the stage before, whose weights are settled from here on."""
        return Scaled(settled(previous), len(stats.positives))


def settled(module: nn.Module) -> nn.Module:
    """The same module with its parameters turned into buffers: it moves with the model and is not trained."""
    for part in module.modules():
        for name, parameter in list(part.named_parameters(recurse=False)):
            delattr(part, name)
            part.register_buffer(name, parameter.detach())
    return module
