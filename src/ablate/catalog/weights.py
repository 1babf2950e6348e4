"""Strategies that weigh pairs, shift logits or blend documents."""

from ablate.components.mixer import Mixup
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
from ablate.strategy import Strategy

WEIGHTINGS = (
    Strategy(
        "pos-weight-inverse",
        weighting=InverseWeight(),
        tags=("forum", "weight"),
        helps="Where alarms cost nothing: it moves the cut of rare labels far down.",
    ),
    Strategy(
        "pos-weight-sqrt",
        weighting=PowerWeight(0.5),
        tags=("weight",),
        helps="Where rare labels are learnt slowly; the square root keeps the gradient noise low.",
    ),
    Strategy(
        "pos-weight-clipped",
        weighting=ClippedWeight(),
        tags=("weight",),
        helps="Where inverse weights would help but for the few that are too large: the cap says how large.",
    ),
    Strategy(
        "pos-weight-log",
        weighting=LogWeight(),
        tags=("weight",),
        helps="Where counts span many powers of ten and a weight has to stay near ten.",
    ),
    Strategy(
        "effective-number",
        weighting=EffectiveNumber(),
        tags=("weight",),
        helps="Where the tail is short of gradient and the head has examples to spare.",
    ),
    Strategy(
        "rebalanced",
        weighting=RebalancedWeight(),
        tags=("weight",),
        helps="Where rare labels come together with frequent ones, so that re-drawing documents re-draws both.",
    ),
    Strategy(
        "batch-balance",
        weighting=BatchBalance(),
        tags=("weight",),
        helps="Where a batch holds most labels, so that its own ratio says something.",
    ),
    Strategy(
        "recall-weight",
        weighting=RecallWeight(),
        tags=("weight",),
        helps="Where some labels are learnt at once and others of the same count are not.",
    ),
    Strategy(
        "rarest-label-weight",
        weighting=RarestLabelWeight(),
        tags=("forum", "weight"),
        helps="Where whole documents matter by their rarest label, what is absent from them included.",
    ),
    Strategy(
        "mean-label-weight",
        weighting=MeanLabelWeight(),
        tags=("forum", "weight"),
        helps="Where documents carry many labels and the rarest alone would rule.",
    ),
)

SHIFTS = (
    Strategy(
        "logit-adjusted",
        shift=LogitAdjustment(),
        tags=("shift",),
        identity_of="BCE reparametrised",
        helps="A check of the harness: it must tie with the baseline.",
    ),
    Strategy(
        "negative-tolerant",
        shift=NegativeTolerant(),
        tags=("shift",),
        helps="Where absences outnumber a rare label so much that its scores are pushed down without end.",
    ),
    Strategy(
        "margin",
        shift=Margin(),
        tags=("shift",),
        helps="Where rare labels are fitted in training and missed on new documents.",
    ),
)

MIXERS = (
    Strategy(
        "mixup",
        mixer=Mixup(),
        tags=("mixer",),
        helps="Where the model memorises its few rare documents: blends are new every time.",
    ),
)
