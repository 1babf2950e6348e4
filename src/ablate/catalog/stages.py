"""Strategies that train in stages, or change the weights after the last step."""

from ablate.components.freezing import HeadOnly
from ablate.components.head import CosineHead, ScaledHead
from ablate.components.procedure import Deferred, HeadRetraining, HeadScaling, TauNormalisation, WeightAveraging
from ablate.components.sampler import LabelPower
from ablate.components.shift import Margin
from ablate.components.weighting import EffectiveNumber
from ablate.strategy import Strategy

PROCEDURES = (
    Strategy(
        "crt",
        procedure=HeadRetraining((LabelPower(0.0), HeadOnly())),
        tags=("procedure", "sampler"),
        helps="Where features are learnt best from plain draws and the head from balanced ones.",
    ),
    Strategy(
        "lws",
        procedure=HeadScaling((LabelPower(0.0), HeadOnly(), ScaledHead())),
        tags=("procedure", "sampler", "head"),
        helps="Where the head's directions are right and only the lengths of its weights favour frequent labels.",
    ),
    Strategy(
        "tau-normalised",
        procedure=TauNormalisation(),
        tags=("procedure",),
        helps="Where frequent labels have the longer weights; it costs no training at all.",
    ),
    Strategy(
        "deferred-reweighting",
        procedure=Deferred((EffectiveNumber(1e-4),)),
        tags=("procedure", "weight"),
        helps="Where weights from the first step on make the features noisy.",
    ),
    Strategy(
        "ldam-drw",
        head=CosineHead(scale=30.0),
        shift=Margin(),
        procedure=Deferred((EffectiveNumber(1e-4),)),
        tags=("procedure", "shift", "head", "weight"),
        helps="Where rare labels are fitted in training and missed on new documents: as it was published.",
    ),
    Strategy(
        "weight-averaging",
        procedure=WeightAveraging(),
        tags=("procedure",),
        helps="Where the last steps differ from seed to seed more than the model does.",
    ),
)
