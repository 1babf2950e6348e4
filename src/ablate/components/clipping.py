"""How gradients are held back."""

from dataclasses import dataclass
from typing import Annotated

from torch import Tensor

from ablate.factors import Clipping
from ablate.space import Real
from ablate.stats import LabelStats


@dataclass(frozen=True)
class NoClipping(Clipping):
    """Take gradients as they are: what a weight of a million does when nothing holds it back."""

    source = "a control for Pascanu et al. 2013"

    def clip(self, gradients: list[Tensor], norm: Tensor) -> None:
        """Change nothing."""


@dataclass(frozen=True)
class TightClipping(Clipping):
    """Clip the global norm lower: the mean over hundreds of labels seldom reaches the usual norm of 1."""

    source = "Pascanu et al. 2013"
    baseline_at = {"norm": 1.0}

    norm: Annotated[float, Real(1e-3, 1.0, log=True)] = 0.1


@dataclass(frozen=True)
class LabelCap(Clipping):
    """Cap the gradient of each label at the logits, [B], at ``share`` of the norm of the whole, [B, L].

    A rare label with a large weight cannot take a batch over; all else stays as it is.
    """

    source = "Pascanu et al. 2013, label by label"
    baseline_at = {"share": 1.0}

    share: Annotated[float, Real(1e-2, 1.0, log=True)] = 0.1

    def at_logits(self, gradient: Tensor, stats: LabelStats) -> Tensor:
        """Columns longer than the cap are scaled down to it, [B, L]."""
        norms = gradient.norm(dim=0)  # [L]
        cap = self.share * gradient.norm()
        capped: Tensor = gradient * (cap / norms.clamp(min=1e-30)).clamp(max=1.0)
        return capped
