"""What strategies are tested on: a small encoder, forty documents over five labels, one step."""

from __future__ import annotations

from functools import cache

import numpy as np
import torch
from torch import Tensor, nn

from ablate.data.labels import Labels
from ablate.encoders.base import Batch, Encoder, Layer, Tokenizer, Tokens
from ablate.objective import Objective, objective
from ablate.stats import LabelStats
from ablate.strategy import Strategy
from ablate.train.model import Model, build_model, set_mode, set_trainable

LABELS, BATCH = 5, 8
NAMES = ("salt", "soup", "bread", "oven", "saffron")


class ToyEncoder(Encoder):
    """Three layers of eight numbers over a vocabulary of twenty: enough to see which layers move."""

    def __init__(self) -> None:
        super().__init__()
        self.name, self.width, self.depth, self.weights_sha256 = "toy", 8, 3, "from scratch"
        self.rate = self.frozen_rate = 0.01
        self.tokenizer = _ToyTokenizer()
        self.words = nn.Embedding(20, 8)
        self.stack = nn.ModuleList(nn.Linear(8, 8) for _ in range(3))

    def layers(self) -> list[tuple[Layer, list[nn.Parameter]]]:
        """Embeddings and three layers."""
        below = Layer("embeddings", 0, 3)
        above = [(Layer(f"layer.{i + 1}", i + 1, 3), list(part.parameters())) for i, part in enumerate(self.stack)]
        return [(below, list(self.words.parameters())), *above]

    def forward(self, batch: Batch) -> Tokens:
        """Vectors of all tokens."""
        flat = self.words(batch.ids)
        for part in self.stack:
            flat = torch.tanh(part(flat))
        return Tokens(flat, batch.lengths)

    def pool(self, tokens: Tokens) -> Tensor:
        """The first token of each document, so that a head on the mean is another one."""
        return tokens.first()


class _ToyTokenizer(Tokenizer):
    key, size = "toy", 20

    def encode(self, texts):  # type: ignore[no-untyped-def]
        return [[ord(letter) % 20 for letter in text] or [0] for text in texts]


@cache
def toy_labels() -> Labels:
    """Forty documents over five labels, one of them rare, one document in four without any."""
    random = np.random.default_rng(0)
    rows = [np.flatnonzero(random.random(LABELS) < [0.6, 0.3, 0.2, 0.1, 0.0]).tolist() for _ in range(40)]
    rows[7] = [0, 4]
    for number in range(0, 40, 4):
        rows[number] = []
    rows[1], rows[2], rows[3], rows[5] = [0], [1, 2], [3], [0, 1, 2, 3]
    return Labels.from_lists(rows, LABELS)


def toy_stats(labels: Labels | None = None) -> LabelStats:
    """The statistics of :func:`toy_labels`, or of another training split of at most five labels."""
    labels = toy_labels() if labels is None else labels
    return LabelStats(torch.from_numpy(labels.counts()).float(), len(labels), NAMES[: labels.width])


def toy_batch(labels: Labels | None = None) -> tuple[Batch, Tensor]:
    """The first eight documents of a split (or all, where it has fewer) and their targets, [B, L]."""
    labels = toy_labels() if labels is None else labels
    drawn = labels.take(np.arange(min(BATCH, len(labels))))
    lengths = torch.tensor([3, 1, 4, 2, 5, 2, 3, 6])[: len(drawn)]
    ids = torch.arange(int(lengths.sum())) * 7 % 20
    return Batch(ids, lengths), torch.from_numpy(drawn.dense())


def toy_objective(strategy: Strategy, labels: Labels | None = None) -> Objective:
    """The objective of a strategy on the toy set, or on another training split."""
    labels = toy_labels() if labels is None else labels
    return objective(strategy.loss, strategy.weighting, strategy.shift, strategy.sampler, labels, toy_stats(labels))


def toy_model(strategy: Strategy, labels: Labels | None = None) -> tuple[Model, Objective, LabelStats]:
    """A strategy's model on the toy encoder, in training mode, its layers frozen as at the start."""
    torch.manual_seed(0)
    stats = toy_stats(labels)
    encoder = strategy.freezing.wrap(ToyEncoder())
    goal = toy_objective(strategy, labels)
    model = build_model(strategy, encoder, False, goal, stats)
    set_trainable(model, strategy, 0.0)
    set_mode(model)
    return model, goal, stats


def toy_step(strategy: Strategy, labels: Labels | None = None, bf16: bool = False) -> tuple[Model, Tensor]:
    """One forward and backward pass; gives the model with gradients and the loss.

    Raises:
        AssertionError: the loss is no scalar.
    """
    model, goal, stats = toy_model(strategy, labels)
    batch, targets = toy_batch(labels)
    with torch.autocast("cpu", torch.bfloat16, enabled=bf16):
        features = model.features(batch)
        if isinstance(features, Tensor):
            features, targets = strategy.mixer.mix(features, targets, stats)
        logits = model.logits(features)
    loss = goal(logits, targets, stats)
    need(loss.ndim == 0, strategy, f"the loss has the shape {tuple(loss.shape)}; give a scalar")
    loss.backward()  # type: ignore[no-untyped-call]
    return model, loss.detach()


def need(condition: bool, strategy: Strategy, message: str) -> None:
    """Raise AssertionError with the strategy's name and the message unless the condition holds."""
    if not condition:
        raise AssertionError(f"strategy '{strategy.name}': {message}")
