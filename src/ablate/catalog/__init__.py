"""The built-in strategies, by the factor that they change first."""

from ablate.catalog.draws import SAMPLERS
from ablate.catalog.layers import BACKBONES, FREEZINGS, HEADS
from ablate.catalog.losses import LOSSES
from ablate.catalog.stages import PROCEDURES
from ablate.catalog.steps import CLIPPINGS, OPTIMIZERS, SCHEDULES
from ablate.catalog.weights import MIXERS, SHIFTS, WEIGHTINGS
from ablate.components.bias import ZeroBias
from ablate.components.decision import LabelCuts, NativeCut, OneCut, PrecisionFloor, TopLabels
from ablate.components.freezing import HeadOnly, LastLayers
from ablate.factors import Decision
from ablate.strategy import Strategy

BASELINE = Strategy("baseline", helps="The reference: binary cross-entropy, every bias at its best constant.")

AS_ASKED = Strategy(
    "as-asked", bias=ZeroBias(), tags=("forum",), helps="The model of the question: cross-entropy, biases at zero."
)

STRATEGIES: tuple[Strategy, ...] = (
    BASELINE,
    AS_ASKED,
    *BACKBONES,
    *HEADS,
    *WEIGHTINGS,
    *SHIFTS,
    *MIXERS,
    *LOSSES,
    *SAMPLERS,
    *FREEZINGS,
    *OPTIMIZERS,
    *SCHEDULES,
    *PROCEDURES,
    *CLIPPINGS,
)

#: The rules under which every trained model is read, whatever its strategy.
DECISIONS: dict[str, Decision] = {
    "native": NativeCut(),
    "one-cut": OneCut(),
    "prior-adjusted": Decision(),
    "label-cuts": LabelCuts(),
    "top-labels": TopLabels(),
    "precision-floor": PrecisionFloor(),
}

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
