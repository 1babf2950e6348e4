"""The names that a plugin author imports."""

from torch import Tensor

from ablate.ablation import combine
from ablate.components.backbone import Bag, TinyBert, TinyRoberta
from ablate.components.bias import ZeroBias
from ablate.components.freezing import HeadOnly, LastLayers
from ablate.components.loss import Focal, Softmax
from ablate.components.optimizer import HeadRate
from ablate.components.sampler import RepeatFactor
from ablate.components.shift import LogitAdjustment
from ablate.components.weighting import EffectiveNumber, InverseWeight, PowerWeight
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
from ablate.rules import CutRule, Rule
from ablate.space import Choice, Real, Whole
from ablate.stats import LabelStats
from ablate.strategy import Strategy

__all__ = [
    "Backbone",
    "Bag",
    "Batch",
    "Bias",
    "Choice",
    "Clipping",
    "Component",
    "CutRule",
    "Decision",
    "EffectiveNumber",
    "Encoder",
    "Focal",
    "Freezing",
    "Head",
    "HeadOnly",
    "HeadRate",
    "InverseWeight",
    "LabelStats",
    "Labels",
    "LastLayers",
    "Layer",
    "LogitAdjustment",
    "Loss",
    "Mixer",
    "Objective",
    "Optimizer",
    "PowerWeight",
    "Procedure",
    "Real",
    "RepeatFactor",
    "Rule",
    "Sampler",
    "Schedule",
    "Shift",
    "Softmax",
    "Stage",
    "Strategy",
    "Tensor",
    "TinyBert",
    "TinyRoberta",
    "Tokenizer",
    "Tokens",
    "Weighting",
    "Whole",
    "ZeroBias",
    "combine",
]
