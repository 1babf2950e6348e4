"""A trained model as one module: from token numbers to the scores that its run was judged by."""

from __future__ import annotations

import copy
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ablate.components.loss import Softmax
from ablate.encoders.adapted import AdaptedEncoder, merged
from ablate.encoders.bag import BagEncoder
from ablate.encoders.base import Batch, Encoder
from ablate.encoders.transformer import TransformerEncoder
from ablate.errors import AblateError
from ablate.factors import Head, Loss
from ablate.strategy import Strategy
from ablate.train.model import Model
from ablate.train.setting import Setting

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


def classifier(model: Model, strategy: Strategy, setting: Setting, loss: Loss) -> Classifier:
    """The model of a finished run as a classifier of its own: nothing is shared with the run.

    Raises:
        AblateError: the encoder or the scores are of a kind that a plugin brought along.
    """
    encoder = setting.encoder if model.encoder is None else model.encoder
    encoder = merged(encoder) if isinstance(encoder, AdaptedEncoder) else copy.deepcopy(encoder)
    if not isinstance(encoder, TransformerEncoder | BagEncoder):
        raise AblateError(f"backbone '{encoder.name}' is a plugin's own: export writes transformers and bags alone")
    fitted = setting.standardiser if model.encoder is None else None
    standard = None
    if fitted is not None:
        standard = Standard(torch.from_numpy(fitted.mean).clone(), torch.from_numpy(fitted.deviation).clone())
    head, bias = copy.deepcopy(model.head), model.bias.detach().clone()
    made = Classifier(encoder, head, bias, reads(strategy), _scores(loss), standard)
    return made.cpu().float().eval().requires_grad_(False)


def reads(strategy: Strategy) -> str:
    """What the head of the last stage takes."""
    changes = [part for stage in strategy.procedure.stages() for part in stage.changes]
    return [strategy.head, *(part for part in changes if isinstance(part, Head))][-1].reads


def _scores(loss: Loss) -> str:
    if type(loss).scores is Loss.scores:
        return LOGITS
    if type(loss).scores is Softmax.scores:
        return LOG_SOFTMAX
    raise AblateError(f"loss {type(loss).__name__} ranks by scores of its own, which no exported model could give")
