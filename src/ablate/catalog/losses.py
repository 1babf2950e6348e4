"""Strategies that change the loss itself."""

from ablate.components.batch_loss import RecallAtPrecision, SoftF1, TwoWay, Zlpr
from ablate.components.loss import Asymmetric, DecoupledSoftmax, Focal, PickAllSoftmax, Softmax
from ablate.components.shift import NegativeTolerant
from ablate.components.weighting import RebalancedWeight
from ablate.strategy import Strategy

LOSSES = (
    Strategy(
        "focal", loss=Focal(), tags=("loss",), helps="Where most pairs are easy negatives that drown the hard ones."
    ),
    Strategy(
        "asymmetric",
        loss=Asymmetric(),
        tags=("loss",),
        helps="Where easy absences drown presences, and some absences are labels that somebody forgot.",
    ),
    Strategy(
        "distribution-balanced",
        weighting=RebalancedWeight(),
        shift=NegativeTolerant(),
        loss=Focal(),
        tags=("loss", "weight", "shift"),
        helps="Where labels come together and absences rule: the composition that was published for text.",
    ),
    Strategy("softmax", loss=Softmax(), tags=("forum", "loss"), helps="Where every document has exactly one label."),
    Strategy(
        "softmax-pick-all",
        loss=PickAllSoftmax(),
        tags=("forum", "loss"),
        helps="Where labels nearly exclude each other and documents with several should count several times.",
    ),
    Strategy(
        "softmax-decoupled",
        loss=DecoupledSoftmax(),
        tags=("loss",),
        helps="Where the competition of a softmax helps the tail but present labels must not compete.",
    ),
    Strategy(
        "zlpr",
        loss=Zlpr(),
        tags=("loss",),
        helps="Where a document's labels have to rank above all others and no weight per label is wanted.",
    ),
    Strategy(
        "two-way",
        loss=TwoWay(),
        tags=("loss",),
        helps="Where batches hold several documents of a label, so that they can be ranked within the label too.",
    ),
    Strategy(
        "soft-f1",
        loss=SoftF1(),
        tags=("loss",),
        helps="Where batches are large enough to hold most labels and macro F1 is what counts.",
    ),
    Strategy(
        "recall-at-precision",
        loss=RecallAtPrecision(),
        tags=("loss",),
        helps="Where recall counts and a floor of precision is all that limits it.",
    ),
)
