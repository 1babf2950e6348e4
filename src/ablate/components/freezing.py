"""Which layers are trained."""

from dataclasses import dataclass
from typing import Annotated

from ablate.encoders.base import Encoder, Layer
from ablate.factors import Freezing
from ablate.space import Choice, Real, Whole


@dataclass(frozen=True)
class HeadOnly(Freezing):
    """Train the head alone: a linear probe on a frozen encoder."""

    source = "Peters, Ruder and Smith 2019"

    def trainable(self, layer: Layer, progress: float) -> bool:
        """True for the head."""
        return layer.is_head


@dataclass(frozen=True)
class LastLayers(Freezing):
    """Train the head, the pooler and the top layers of the encoder."""

    source = "Lee, Tang and Lin 2019"

    layers: Annotated[int, Whole(1, 4)] = 2

    def trainable(self, layer: Layer, progress: float) -> bool:
        """True for what stands at most ``layers`` encoder layers from the top."""
        return layer.from_top < self.layers and not layer.is_embedding


@dataclass(frozen=True)
class FreezeEmbeddings(Freezing):
    """Train everything but the embeddings, where rare words would be moved by few documents."""

    source = "Lee, Tang and Lin 2019"

    def trainable(self, layer: Layer, progress: float) -> bool:
        """True above the embeddings."""
        return not layer.is_embedding


@dataclass(frozen=True)
class FreezeBottom(Freezing):
    """Freeze the bottom ``share`` of the embeddings and encoder layers, rounded down to whole layers."""

    source = "Lee, Tang and Lin 2019"
    baseline_at = {"share": 0.0}

    share: Annotated[float, Real(0.25, 0.95)] = 0.5

    def trainable(self, layer: Layer, progress: float) -> bool:
        """True from the first layer above the frozen share."""
        return layer.index >= int(self.share * (layer.depth + 1))


@dataclass(frozen=True)
class GradualUnfreezing(Freezing):
    """Start with the head alone and unfreeze a layer at a time from the top, all of them at ``until``."""

    source = "Howard and Ruder 2018 (ULMFiT)"
    baseline_at = {"until": 0.0}

    until: Annotated[float, Real(0.1, 0.9)] = 0.5

    def trainable(self, layer: Layer, progress: float) -> bool:
        """True for the head, and for a layer once its turn has come."""
        return layer.is_head or progress >= self.until * (layer.from_top + 1) / (layer.depth + 1)


@dataclass(frozen=True)
class Lora(Freezing):
    """LoRA: freeze the encoder and learn W + alpha/rank * B A in its place, B [d, rank] starting at zero.

    ``targets``: the query and value projections of the attention (the paper's choice; all linear layers of an encoder
    without attention), or all linear layers. Through the package peft; attention stays packed.
    """

    source = "Hu et al. 2022 (LoRA)"

    rank: Annotated[int, Whole(1, 64, log=True)] = 8
    alpha: Annotated[float, Real(1.0, 64.0, log=True)] = 16.0
    targets: Annotated[str, Choice(["query-value", "all"])] = "query-value"

    def trainable(self, layer: Layer, progress: float) -> bool:
        """True for adapters and the head."""
        return layer.adapter or layer.is_head

    def wrap(self, encoder: Encoder) -> Encoder:
        """The encoder with adapters in its linear layers."""
        from ablate.encoders.adapted import adapt

        return adapt(encoder, self.rank, self.alpha, every=self.targets == "all")
