"""The model of a finished run, taken out of the run."""

from __future__ import annotations

import copy

import torch

from ablate.components.loss import Softmax
from ablate.encoders.adapted import AdaptedEncoder, merged
from ablate.encoders.bag import BagEncoder
from ablate.encoders.transformer import TransformerEncoder
from ablate.errors import AblateError
from ablate.export.classifier import LOG_SOFTMAX, LOGITS, Classifier, Standard
from ablate.factors import Head, Loss
from ablate.strategy import Strategy
from ablate.train.model import Model
from ablate.train.setting import Setting


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
