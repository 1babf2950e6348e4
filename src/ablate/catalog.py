"""The built-in strategies, a line each."""

from ablate.components.bias import ZeroBias
from ablate.components.freezing import HeadOnly, LastLayers
from ablate.components.loss import Focal, Softmax
from ablate.components.optimizer import HeadRate
from ablate.components.sampler import RepeatFactor
from ablate.components.shift import LogitAdjustment
from ablate.components.weighting import EffectiveNumber, InverseWeight, PowerWeight
from ablate.strategy import Strategy

BASELINE = Strategy("baseline", helps="The reference: binary cross-entropy, every bias at its best constant.")

AS_ASKED = Strategy(
    "as-asked", bias=ZeroBias(), tags=("forum",), helps="The model of the question: cross-entropy, biases at zero."
)

STRATEGIES: tuple[Strategy, ...] = (
    BASELINE,
    AS_ASKED,
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
        "effective-number",
        weighting=EffectiveNumber(),
        tags=("weight",),
        helps="Where the tail is short of gradient and the head has examples to spare.",
    ),
    Strategy(
        "focal", loss=Focal(), tags=("loss",), helps="Where most pairs are easy negatives that drown the hard ones."
    ),
    Strategy(
        "repeat-factor",
        sampler=RepeatFactor(),
        tags=("forum", "sampler"),
        helps="Where rare labels are seen too seldom within the step budget.",
    ),
    Strategy(
        "logit-adjusted",
        shift=LogitAdjustment(),
        tags=("shift",),
        identity_of="BCE reparametrised",
        helps="A check of the harness: it must tie with the baseline.",
    ),
    Strategy(
        "last-layers",
        freezing=LastLayers(),
        tags=("forum", "freezing"),
        helps="Where full fine-tuning forgets or costs too much.",
    ),
    Strategy(
        "head-rate",
        optimizer=HeadRate(),
        tags=("forum", "optimizer"),
        helps="Where a rate that is safe for the encoder leaves the head far from trained.",
    ),
    Strategy("softmax", loss=Softmax(), tags=("forum", "loss"), helps="Where every document has exactly one label."),
)

#: Rows that stand on every board beside the strategies; no strategy may take their names.
CONTROLS = ("predict-everything", "prior-only", "tfidf-linear")
#: Rows of what was possible at all, where the truth is known.
CEILINGS = ("bayes-ceiling", "bayes-macro-ceiling", "learner-ceiling")

#: Parameters that every arm tunes: the rate as a multiple of the published one, and dropout.
COMMON = ("optimizer.scale", "head.dropout")

#: What ``--base`` names: the layers that every arm trains unless it sets them itself.
BASES: dict[str, Strategy] = {
    "full": BASELINE,
    "head-only": Strategy("head-only", freezing=HeadOnly()),
    "last-layers": Strategy("last-layers", freezing=LastLayers()),
}
