"""A trained model as one module: from token numbers to the scores that its run was judged by."""

from __future__ import annotations

from dataclasses import dataclass

import torch.nn.functional as F
from torch import Tensor, nn

from ablate.encoders.base import Batch, Encoder

LOGITS, LOG_SOFTMAX = "logits", "log_softmax"
"""What scores are: logits, or the logarithm of a softmax over the labels."""


@dataclass(frozen=True, eq=False)
class Standard:
    """Mean and deviation, [d] each, that the features of a frozen encoder are standardised with."""

    mean: Tensor
    deviation: Tensor


class Classifier(nn.Module):
    """Scores [B, L] of batches: head(standardised features) + bias, on the CPU and in fp32 unless it is moved.

    ``reads`` is what the head takes, ``"pooled"`` or ``"tokens"``; ``scores`` is :data:`LOGITS` or
    :data:`LOG_SOFTMAX`. Adapters are merged into the encoder.
    """

    mean: Tensor | None
    deviation: Tensor | None

    def __init__(
        self, encoder: Encoder, head: nn.Module, bias: Tensor, reads: str, scores: str, standard: Standard | None
    ) -> None:
        super().__init__()
        self.encoder, self.head, self.reads, self.scores = encoder, head, reads, scores
        self.bias = nn.Parameter(bias)
        self.register_buffer("mean", None if standard is None else standard.mean)
        self.register_buffer("deviation", None if standard is None else standard.deviation)

    def forward(self, batch: Batch) -> Tensor:
        """Scores in fp32, [B, L]."""
        if self.reads == "tokens":
            logits = self.head(self.encoder(batch)) + self.bias
        else:
            features = self.encoder.encode_pooled(batch)
            if self.mean is not None and self.deviation is not None:
                features = (features - self.mean) / self.deviation
            logits = self.head(features) + self.bias
        return F.log_softmax(logits.float(), dim=-1) if self.scores == LOG_SOFTMAX else logits.float()
