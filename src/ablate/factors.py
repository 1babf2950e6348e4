"""The factors of a strategy. Each base class is the *neutral level* of its factor: "off" is a value.

A remedy is a subclass that overrides one method. Shapes: B documents of a batch, L labels, d features,
N training documents.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from ablate.data.labels import Labels
from ablate.encoders.base import Encoder, Layer, Tokenizer
from ablate.encoders.dropout import Dropout
from ablate.rules import CutRule, Rule
from ablate.space import Real
from ablate.stats import LabelStats

if TYPE_CHECKING:
    from ablate.objective import Objective


class Component:
    """A value that fills one factor. Subclasses are frozen dataclasses.

    ``source`` names the paper; ``baseline_at`` gives the parameter values at which a remedy becomes the neutral
    level (empty where there is none).
    """

    source: ClassVar[str] = ""
    baseline_at: ClassVar[dict[str, object]] = {}

    def idle(self, encoder: Encoder) -> str:
        """Why this component would change nothing on an encoder; empty where it changes something."""
        return ""


@dataclass(frozen=True)
class Backbone(Component):
    """The text encoder: ``bert-base-uncased`` (Devlin et al. 2019), any hub id or a local folder.

    ``pooling`` is ``"auto"`` (what suits the encoder), ``"pooler"``, ``"mean"`` or ``"first"``.
    """

    source = "Devlin et al. 2019"

    model: str = "bert-base-uncased"
    pooling: str = "auto"

    def tokenizer(self, texts: Sequence[str]) -> Tokenizer:
        """The tokenizer; ``texts`` are the training texts, for backbones that train their own."""
        return self._load().tokenizer

    def build(self, tokenizer: Tokenizer) -> Encoder:
        """A fresh encoder with its pretrained weights; random parts are drawn from torch's generator."""
        return self._load()

    def _load(self) -> Encoder:
        from ablate.encoders.pretrained import load

        return load(self.model, pooling=self.pooling)


@dataclass(frozen=True)
class Head(Component):
    """Dropout and a linear layer on the pooled output; the bias is a factor of its own."""

    reads: ClassVar[str] = "pooled"

    dropout: Annotated[float, Real(0.0, 0.5)] = 0.1

    def build(self, encoder: Encoder, stats: LabelStats) -> nn.Module:
        """A module from features [B, d] (or :class:`~ablate.encoders.base.Tokens`) to logits [B, L] without bias."""
        linear = nn.Linear(encoder.width, len(stats.positives), bias=False)
        nn.init.normal_(linear.weight, std=0.02)  # as in BERT
        return nn.Sequential(Dropout(self.dropout), linear)

    def carry(self, previous: nn.Module, encoder: Encoder, stats: LabelStats) -> nn.Module:
        """The module of a stage that changes the head; a fresh one unless a head builds on the one before."""
        return self.build(encoder, stats)


@dataclass(frozen=True)
class Bias(Component):
    """Start each label's bias at the constant that is best for the arm's own objective.

    For binary cross-entropy that is the logit of the prior (Lin et al. 2017, section 3.3).
    """

    source = "Lin et al. 2017"

    def start(self, loss: Objective, stats: LabelStats) -> Tensor:
        """Bias at step 0, [L]."""
        return loss.best_constant(stats)


@dataclass(frozen=True)
class Weighting(Component):
    """Every (document, label) pair weighs one."""

    def weights(self, targets: Tensor, stats: LabelStats) -> Tensor:
        """Weight of each pair of a batch, [B, L] (or what broadcasts to it)."""
        return torch.ones_like(targets)


@dataclass(frozen=True)
class Shift(Component):
    """Logits enter the loss as they are."""

    def shift(self, logits: Tensor, targets: Tensor, stats: LabelStats) -> Tensor:
        """Logits as the loss sees them in training, [B, L]."""
        return logits

    def reweigh(self, weights: Tensor, targets: Tensor) -> Tensor:
        """Weights of the pairs, [B, L], for a shift that stretches logits and must not rescale the loss."""
        return weights


@dataclass(frozen=True)
class Mixer(Component):
    """Features and targets enter the head as they are."""

    def mix(self, features: Tensor, targets: Tensor, stats: LabelStats) -> tuple[Tensor, Tensor]:
        """Features [B, d] and targets [B, L] as the head sees them in training; targets may be fractional."""
        return features, targets


@dataclass(frozen=True)
class Loss(Component):
    """Binary cross-entropy with logits."""

    #: A label counts as predicted "at 0.5" where its score lies above this.
    native_cut: ClassVar[float] = 0.0

    def elementwise(self, logits: Tensor, targets: Tensor) -> Tensor:
        """Loss of each pair, [B, L]; the harness weighs it and takes the mean."""
        return F.binary_cross_entropy_with_logits(logits, targets, reduction="none")

    def __call__(self, logits: Tensor, targets: Tensor, weights: Tensor, stats: LabelStats) -> Tensor:
        """Loss of a batch, a scalar; override it for a loss of the whole batch."""
        return (weights * self.elementwise(logits, targets)).mean()

    def constant(self, positive: Tensor, negative: Tensor) -> Tensor | None:
        """The best constant logit per label in closed form, [L]; None: minimise :meth:`elementwise` numerically.

        Only a loss in which pairs cannot be told apart needs it. ``positive`` and ``negative`` are the weights of a
        label's present and absent pairs per document as drawn, [L]; without weights they are prior and 1 - prior.
        """
        return None

    def scores(self, logits: Tensor) -> Tensor:
        """What ranks (document, label) pairs, [B, L]; the logits unless they cannot be compared across documents."""
        return logits


@dataclass(frozen=True)
class Sampler(Component):
    """A plain shuffle: every document once per epoch."""

    def weights(self, labels: Labels, stats: LabelStats) -> Tensor:
        """How often each training document is drawn, relative to the others, [N]; asked at each evaluation point."""
        return torch.ones(len(labels))

    def shift(self, stats: LabelStats) -> Tensor | None:
        """The shift of the labels' log-odds that drawing so causes, [L]; None: taken from the weights."""
        return None


@dataclass(frozen=True)
class Freezing(Component):
    """Nothing is frozen."""

    def trainable(self, layer: Layer, progress: float) -> bool:
        """Whether a layer is trained at this share of the run. Frozen layers run in evaluation mode."""
        return True

    def wrap(self, encoder: Encoder) -> Encoder:
        """The encoder that is trained in its place (adapters); the same one unless overridden."""
        return encoder


@dataclass(frozen=True)
class Optimizer(Component):
    """AdamW with one rate: the backbone's published rate times ``scale`` (Loshchilov and Hutter 2019)."""

    source = "Loshchilov and Hutter 2019"

    scale: Annotated[float, Real(0.1, 10.0, log=True)] = 1.0
    beta1: float = 0.9
    beta2: float = 0.999
    weight_decay: float = 0.01

    def rate(self, layer: Layer) -> float:
        """Learning rate of a layer as a multiple of the backbone's published rate."""
        return self.scale

    def build(self, groups: list[dict[str, object]]) -> torch.optim.Optimizer:
        """The optimiser over parameter groups that carry ``params``, ``lr`` and ``weight_decay``."""
        return torch.optim.AdamW(groups, betas=(self.beta1, self.beta2), fused=True)


@dataclass(frozen=True)
class Clipping(Component):
    """Scale all gradients down together where their global norm exceeds ``norm`` (Pascanu et al. 2013)."""

    source = "Pascanu et al. 2013"

    norm: float = 1.0

    def clip(self, gradients: list[Tensor], norm: Tensor) -> None:
        """Change the gradients in place; ``norm`` is their global norm, a scalar."""
        if norm.device.type == "cpu" and norm <= self.norm:  # an accelerator would have to be waited for
            return
        torch._foreach_mul_(gradients, (self.norm / (norm + 1e-6)).clamp(max=1.0))

    def at_logits(self, gradient: Tensor, stats: LabelStats) -> Tensor:
        """The gradient of the loss at the logits, [B, L], before it flows into the head."""
        return gradient


@dataclass(frozen=True)
class Schedule(Component):
    """Linear warm-up over the first tenth of the steps, then linear decay to zero (Devlin et al. 2019)."""

    source = "Devlin et al. 2019"

    warmup: float = 0.1

    def scale(self, progress: float) -> float:
        """Factor on every learning rate at a share of the steps, in [0, 1]."""
        if progress < self.warmup:
            return progress / self.warmup
        return (1 - progress) / (1 - self.warmup) if self.warmup < 1 else 1.0


@dataclass(frozen=True)
class Stage:
    """A share of the steps, the components that it changes and what it resets (``("head",)``)."""

    share: float = 1.0
    changes: tuple[Component, ...] = ()
    resets: tuple[str, ...] = ()


@dataclass(frozen=True)
class Procedure(Component):
    """One stage."""

    def stages(self) -> tuple[Stage, ...]:
        """The stages in order; their shares sum to one."""
        return (Stage(),)

    def after_step(self, model: nn.Module, stats: LabelStats) -> None:
        """Called after each step of the optimiser (weight averaging keeps its sum in ``stats.memory``)."""

    def finish(self, model: nn.Module, stats: LabelStats) -> None:
        """Called once after the last step; may change the parameters that are trained."""


@dataclass(frozen=True)
class Decision(Component):
    """One cut on the prior-adjusted scores, at the alarm budget, both read off the validation set.

    Scores are z - tau u log(prior) with the tau that maximises balanced recall at budget (Menon et al. 2021).
    """

    source = "Menon et al. 2021"

    def for_loss(self, loss: Loss) -> Decision:
        """The same decision for scores of this loss; only one that cuts at a probability depends on it."""
        return self

    def fit(self, scores: NDArray[np.float32], targets: Labels, stats: LabelStats) -> Rule:
        """The rule to deploy, from validation scores [M, L] and labels only."""
        from ablate.metrics.measure import validate

        positives = stats.positives.cpu().double().numpy()
        prior = stats.prior.cpu().double().numpy()
        fitted = validate(scores, targets, prior, float(positives.sum()) / stats.documents)
        return CutRule(fitted["cut"] + fitted["tau"] * fitted["scale"] * np.log(prior))
