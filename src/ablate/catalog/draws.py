"""Strategies that draw documents otherwise."""

from ablate.components.sampler import (
    FollowRecall,
    HeadUndersampling,
    LabelPower,
    MlRos,
    Progressive,
    RepeatFactor,
)
from ablate.strategy import Strategy

SAMPLERS = (
    Strategy(
        "repeat-factor",
        sampler=RepeatFactor(),
        tags=("forum", "sampler"),
        helps="Where rare labels are seen too seldom within the step budget.",
    ),
    Strategy(
        "sqrt-sampling",
        sampler=LabelPower(),
        tags=("forum", "sampler"),
        helps="Where rare labels are seen too seldom and class-aware draws would repeat them too often.",
    ),
    Strategy(
        "class-aware",
        sampler=LabelPower(0.0),
        tags=("sampler",),
        helps="Where all labels have to be seen equally often and dropout keeps few documents from being memorised.",
    ),
    Strategy(
        "progressively-balanced",
        sampler=Progressive(),
        tags=("sampler",),
        helps="Where features should be learnt from all documents and the head from balanced ones.",
    ),
    Strategy(
        "ml-ros",
        sampler=MlRos(),
        tags=("forum", "sampler"),
        helps="Where a few labels are much rarer than the rest: they alone are cloned.",
    ),
    Strategy(
        "head-undersampling",
        sampler=HeadUndersampling(),
        tags=("sampler",),
        helps="Where frequent labels have documents to spare and steps are dear.",
    ),
    Strategy(
        "follow-recall",
        sampler=FollowRecall(),
        tags=("sampler",),
        helps="Where which labels are missed changes while the model learns.",
    ),
)
