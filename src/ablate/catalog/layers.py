"""Strategies that change the encoder, the head, or which layers are trained."""

from ablate.components.backbone import Roberta
from ablate.components.freezing import (
    FreezeBottom,
    FreezeEmbeddings,
    GradualUnfreezing,
    HeadOnly,
    LastLayers,
    Lora,
)
from ablate.components.head import CosineHead, LabelAttention, MeanHead, MlpHead, NamedHead, NamedLabelAttention
from ablate.components.optimizer import AdapterRate
from ablate.strategy import Strategy

BACKBONES = (
    Strategy(
        "roberta",
        backbone=Roberta(),
        tags=("forum", "backbone"),
        helps="Where the text is closer to the web than to books, and an encoder may be exchanged.",
    ),
)

HEADS = (
    Strategy(
        "mlp-head",
        head=MlpHead(),
        tags=("head",),
        helps="Where labels are no linear function of the features, above all on a frozen encoder.",
    ),
    Strategy(
        "cosine-head",
        head=CosineHead(),
        tags=("head",),
        helps="Where frequent labels win by the length of their weights.",
    ),
    Strategy(
        "mean-head",
        head=MeanHead(),
        tags=("head",),
        helps="Where evidence is spread over a document and the pooler reads its first token.",
    ),
    Strategy(
        "label-attention",
        head=LabelAttention(),
        tags=("head",),
        helps="Where documents are long and each label rests on a few words of its own.",
    ),
    Strategy(
        "label-attention-named",
        head=NamedLabelAttention(),
        tags=("head",),
        helps="Where labels have telling names: a rare one knows where to look before it has been seen.",
    ),
    Strategy(
        "named-head",
        head=NamedHead(),
        tags=("head",),
        helps="Where labels have telling names and too few documents.",
    ),
)

FREEZINGS = (
    Strategy(
        "linear-probe",
        freezing=HeadOnly(),
        tags=("freezing",),
        helps="Where documents are few and the encoder is good already.",
    ),
    Strategy(
        "last-layers",
        freezing=LastLayers(),
        tags=("forum", "freezing"),
        helps="Where full fine-tuning forgets or costs too much.",
    ),
    Strategy(
        "freeze-embeddings",
        freezing=FreezeEmbeddings(),
        tags=("freezing",),
        helps="Where words of new documents were not in training: they stay beside those that were.",
    ),
    Strategy(
        "freeze-bottom",
        freezing=FreezeBottom(),
        tags=("freezing",),
        helps="Where memory or time is short and the bottom layers hold what all texts share.",
    ),
    Strategy(
        "gradual-unfreezing",
        freezing=GradualUnfreezing(),
        tags=("freezing",),
        helps="Where a random head would send large gradients into good layers.",
    ),
    Strategy(
        "lora",
        freezing=Lora(),
        optimizer=AdapterRate(),
        tags=("freezing", "optimizer"),
        helps="Where full fine-tuning forgets or costs too much memory: what people use today instead of freezing.",
    ),
)
