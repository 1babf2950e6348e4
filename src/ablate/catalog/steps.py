"""Strategies that change how a step is taken: rates, clipping, schedules."""

from ablate.components.clipping import LabelCap, NoClipping, TightClipping
from ablate.components.optimizer import HeadRate, LayerDecay, Sgd, ShortMemory
from ablate.components.schedule import ConstantRate, CosineDecay, WarmupShare
from ablate.strategy import Strategy

OPTIMIZERS = (
    Strategy(
        "head-rate",
        optimizer=HeadRate(),
        tags=("forum", "optimizer"),
        helps="Where a rate that is safe for the encoder leaves the head far from trained.",
    ),
    Strategy(
        "layer-decay",
        optimizer=LayerDecay(),
        tags=("optimizer",),
        helps="Where bottom layers should move less than top ones.",
    ),
    Strategy(
        "short-memory",
        optimizer=ShortMemory(),
        tags=("optimizer",),
        helps="Where large weights make rare spikes that starve the steps after them.",
    ),
    Strategy(
        "sgd",
        optimizer=Sgd(),
        tags=("optimizer", "control"),
        helps="A control: what AdamW's rescaling of each parameter is worth to rare labels.",
    ),
)

CLIPPINGS = (
    Strategy(
        "no-clipping",
        clipping=NoClipping(),
        tags=("clipping", "control"),
        helps="A control: what clipping is worth where weights are large.",
    ),
    Strategy(
        "tight-clipping",
        clipping=TightClipping(),
        tags=("clipping",),
        helps="Where single batches throw the loss up.",
    ),
    Strategy(
        "label-cap",
        clipping=LabelCap(),
        tags=("clipping",),
        helps="Where one label of a batch carries most of the gradient.",
    ),
)

SCHEDULES = (
    Strategy(
        "constant-rate",
        schedule=ConstantRate(),
        tags=("schedule", "control"),
        helps="A control, or where the end of training is not known.",
    ),
    Strategy(
        "cosine-decay",
        schedule=CosineDecay(),
        tags=("schedule",),
        helps="Where a high rate should last longer before it falls.",
    ),
    Strategy(
        "warmup",
        schedule=WarmupShare(),
        tags=("schedule",),
        helps="Where the first steps are too wild (longer), or steps are too few to spend (shorter).",
    ),
)
