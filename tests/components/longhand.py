"""What the tests of the components share: values with gradients, and a small world of labels."""

from __future__ import annotations

import torch

from ablate.stats import LabelStats

STATS = LabelStats(torch.tensor([50.0, 20.0, 5.0, 1.0]), 100)


def value_and_gradient(function, logits):
    """A function's values and the gradient of their sum."""
    logits = logits.detach().clone().requires_grad_()
    value = function(logits)
    value.sum().backward()
    return value.detach(), logits.grad


def random_batch(documents=20, labels=4, seed=0):
    """Logits and targets in double precision; the first two labels are present in every other document."""
    draw = torch.Generator().manual_seed(seed)
    logits = 3 * torch.randn(documents, labels, dtype=torch.float64, generator=draw)
    targets = torch.randint(0, 2, (documents, labels), generator=draw).double()
    targets[:, 0], targets[:, 1] = torch.arange(documents) % 2, 1 - torch.arange(documents) % 2
    return logits, targets


def double(stats=STATS):
    """The same statistics in double precision."""
    return LabelStats(stats.positives.double(), stats.documents)
