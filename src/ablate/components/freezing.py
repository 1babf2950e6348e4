"""Which layers are trained."""

from dataclasses import dataclass
from typing import Annotated

from ablate.encoders.base import Layer
from ablate.factors import Freezing
from ablate.space import Whole


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
