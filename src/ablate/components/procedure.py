"""Training in stages, and what happens to the weights after the last step."""

from dataclasses import dataclass
from typing import Annotated

import torch
from torch import Tensor, nn

from ablate.errors import AblateError
from ablate.factors import Component, Procedure, Stage
from ablate.space import Real
from ablate.stats import LabelStats


@dataclass(frozen=True)
class HeadRetraining(Procedure):
    """cRT: train everything with plain draws, then a fresh head alone under ``changes`` (class-aware draws).

    The second stage is a share of the steps of every other arm, not more steps.
    """

    source = "Kang et al. 2020 (cRT)"

    changes: tuple[Component, ...] = ()
    #: 10 of 100 epochs in the paper
    share: Annotated[float, Real(0.05, 0.5)] = 0.1

    def stages(self) -> tuple[Stage, ...]:
        """All layers, then a new head."""
        return Stage(1 - self.share), Stage(self.share, self.changes, resets=("head",))


@dataclass(frozen=True)
class HeadScaling(Procedure):
    """LWS: train everything with plain draws, then one factor per label on the learnt head under ``changes``."""

    source = "Kang et al. 2020 (LWS)"

    changes: tuple[Component, ...] = ()
    share: Annotated[float, Real(0.05, 0.5)] = 0.1

    def stages(self) -> tuple[Stage, ...]:
        """All layers, then the factors and biases."""
        return Stage(1 - self.share), Stage(self.share, self.changes)


@dataclass(frozen=True)
class Deferred(Procedure):
    """DRW: plain training until ``start``, then ``changes`` (weights) on the features that are learnt by then."""

    source = "Cao et al. 2019 (DRW)"

    changes: tuple[Component, ...] = ()
    #: epoch 160 of 200 in the paper
    start: Annotated[float, Real(0.3, 0.95)] = 0.8

    def stages(self) -> tuple[Stage, ...]:
        """Without the changes, then with them."""
        return Stage(self.start), Stage(1 - self.start, self.changes)


@dataclass(frozen=True)
class TauNormalisation(Procedure):
    """Divide each label's weights by their norm to the power tau after training; biases stay.

    All weights are then multiplied by the mean norm to the power tau, which changes no ranking of the weights'
    lengths and keeps the logits beside the biases at their size; the paper has no biases.
    """

    source = "Kang et al. 2020 (tau-normalised)"
    baseline_at = {"tau": 0.0}

    tau: Annotated[float, Real(0.1, 2.0)] = 1.0

    def finish(self, model: nn.Module, stats: LabelStats) -> None:
        """Rescale the rows of the head's last matrix with one row per label."""
        weight = _rows(model, len(stats.positives))
        with torch.no_grad():
            norms = weight.norm(dim=1, keepdim=True).clamp(min=1e-12)  # [L, 1]
            weight *= (norms.mean() / norms) ** self.tau


@dataclass(frozen=True)
class WeightAveraging(Procedure):
    """SWA: the model is the mean of its weights after every step of the last ``share`` of the run."""

    source = "Izmailov et al. 2018 (SWA)"
    baseline_at = {"share": 0.0}

    share: Annotated[float, Real(0.05, 0.5)] = 0.25

    def after_step(self, model: nn.Module, stats: LabelStats) -> None:
        """Add the weights that are trained now to their mean in ``stats.memory``."""
        if stats.progress < 1 - self.share:
            return
        for name, parameter in _trained(model):
            mean, steps = f"mean of {name}", f"steps of {name}"
            if mean not in stats.memory:
                stats.memory[mean], stats.memory[steps] = torch.zeros_like(parameter).detach(), torch.zeros(())
            stats.memory[steps] += 1
            stats.memory[mean].lerp_(parameter.detach(), 1 / float(stats.memory[steps]))

    def finish(self, model: nn.Module, stats: LabelStats) -> None:
        """Put the means in place."""
        with torch.no_grad():
            for name, parameter in _trained(model):
                if f"mean of {name}" in stats.memory:
                    parameter.copy_(stats.memory[f"mean of {name}"])


def _trained(model: nn.Module) -> list[tuple[str, nn.Parameter]]:
    return [(name, parameter) for name, parameter in model.named_parameters() if parameter.requires_grad]


def _rows(model: nn.Module, labels: int) -> Tensor:
    head = model.get_submodule("head")
    matrices = [p for p in head.parameters() if p.ndim == 2 and len(p) == labels]
    if not matrices:
        raise AblateError("tau-normalisation needs a head with one row of weights per label; give another head")
    return matrices[-1]
