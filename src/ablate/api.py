"""The names that a plugin author imports."""

from torch import Tensor

from ablate.ablation import combine
from ablate.components.backbone import Bag, Roberta, TinyBert, TinyRoberta
from ablate.components.batch_loss import RecallAtPrecision, SoftF1, TwoWay, Zlpr
from ablate.components.bias import ZeroBias
from ablate.components.clipping import LabelCap, NoClipping, TightClipping
from ablate.components.decision import LabelCuts, NativeCut, OneCut, PrecisionFloor, TopLabels
from ablate.components.freezing import FreezeBottom, FreezeEmbeddings, GradualUnfreezing, HeadOnly, LastLayers, Lora
from ablate.components.head import (
    CosineHead,
    LabelAttention,
    MeanHead,
    MlpHead,
    NamedHead,
    NamedLabelAttention,
    ScaledHead,
)
from ablate.components.loss import Asymmetric, DecoupledSoftmax, Focal, PickAllSoftmax, Softmax
from ablate.components.mixer import Mixup
from ablate.components.optimizer import AdapterRate, HeadRate, LayerDecay, Sgd, ShortMemory
from ablate.components.procedure import Deferred, HeadRetraining, HeadScaling, TauNormalisation, WeightAveraging
from ablate.components.sampler import FollowRecall, HeadUndersampling, LabelPower, MlRos, Progressive, RepeatFactor
from ablate.components.schedule import ConstantRate, CosineDecay, WarmupShare
from ablate.components.shift import LogitAdjustment, Margin, NegativeTolerant
from ablate.components.weighting import (
    BatchBalance,
    ClippedWeight,
    EffectiveNumber,
    InverseWeight,
    LogWeight,
    MeanLabelWeight,
    PowerWeight,
    RarestLabelWeight,
    RebalancedWeight,
    RecallWeight,
)
from ablate.data.labels import Labels
from ablate.encoders.base import Batch, Encoder, Layer, Tokenizer, Tokens
from ablate.factors import (
    Backbone,
    Bias,
    Clipping,
    Component,
    Decision,
    Freezing,
    Head,
    Loss,
    Mixer,
    Optimizer,
    Procedure,
    Sampler,
    Schedule,
    Shift,
    Stage,
    Weighting,
)
from ablate.objective import Objective
from ablate.rules import CutRule, Rule, TopRule
from ablate.space import Choice, Real, Whole
from ablate.stats import LabelStats
from ablate.strategy import Strategy

__all__ = [
    "AdapterRate",
    "Asymmetric",
    "Backbone",
    "Bag",
    "Batch",
    "BatchBalance",
    "Bias",
    "Choice",
    "ClippedWeight",
    "Clipping",
    "Component",
    "ConstantRate",
    "CosineDecay",
    "CosineHead",
    "CutRule",
    "Decision",
    "DecoupledSoftmax",
    "Deferred",
    "EffectiveNumber",
    "Encoder",
    "Focal",
    "FollowRecall",
    "FreezeBottom",
    "FreezeEmbeddings",
    "Freezing",
    "GradualUnfreezing",
    "Head",
    "HeadOnly",
    "HeadRate",
    "HeadRetraining",
    "HeadScaling",
    "HeadUndersampling",
    "InverseWeight",
    "LabelAttention",
    "LabelCap",
    "LabelCuts",
    "LabelPower",
    "LabelStats",
    "Labels",
    "LastLayers",
    "Layer",
    "LayerDecay",
    "LogWeight",
    "LogitAdjustment",
    "Lora",
    "Loss",
    "Margin",
    "MeanHead",
    "MeanLabelWeight",
    "Mixer",
    "Mixup",
    "MlRos",
    "MlpHead",
    "NamedHead",
    "NamedLabelAttention",
    "NativeCut",
    "NegativeTolerant",
    "NoClipping",
    "Objective",
    "OneCut",
    "Optimizer",
    "PickAllSoftmax",
    "PowerWeight",
    "PrecisionFloor",
    "Procedure",
    "Progressive",
    "RarestLabelWeight",
    "Real",
    "RebalancedWeight",
    "RecallAtPrecision",
    "RecallWeight",
    "RepeatFactor",
    "Roberta",
    "Rule",
    "Sampler",
    "ScaledHead",
    "Schedule",
    "Sgd",
    "Shift",
    "ShortMemory",
    "SoftF1",
    "Softmax",
    "Stage",
    "Strategy",
    "TauNormalisation",
    "Tensor",
    "TightClipping",
    "TinyBert",
    "TinyRoberta",
    "Tokenizer",
    "Tokens",
    "TopLabels",
    "TopRule",
    "TwoWay",
    "WarmupShare",
    "WeightAveraging",
    "Weighting",
    "Whole",
    "ZeroBias",
    "Zlpr",
    "combine",
]
