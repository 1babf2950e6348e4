"""Strategies that each break one clause of the contract, as a plugin author might without noticing."""

from dataclasses import dataclass
from typing import Annotated

import torch
import torch.nn.functional as F

from ablate.api import (
    Backbone,
    Bias,
    Freezing,
    Head,
    Loss,
    Mixer,
    Procedure,
    Real,
    Sampler,
    Stage,
    Strategy,
    Weighting,
)


@dataclass(frozen=True)
class PerDocument(Weighting):
    """One weight per document, [B]."""

    source = "nobody"

    def weights(self, targets, stats):
        return torch.ones(len(targets))


@dataclass(frozen=True)
class ByAbsence(Weighting):
    """Divides by how often a label is absent from the batch."""

    source = "nobody"

    def weights(self, targets, stats):
        return targets * 0 / (targets * 0)


@dataclass(frozen=True)
class Negative(Weighting):
    """Pushes away from rare labels."""

    source = "nobody"

    def weights(self, targets, stats):
        return -torch.ones_like(targets)


@dataclass(frozen=True)
class Capped(Weighting):
    """Positives of the rarest label weigh a million: legal."""

    source = "nobody"

    def weights(self, targets, stats):
        rarest = stats.positives == stats.positives.min()
        return 1 + targets * rarest * (1e6 - 1)


@dataclass(frozen=True)
class Summed(Loss):
    """Cross-entropy summed over the batch."""

    source = "nobody"

    def __call__(self, logits, targets, weights, stats):
        return F.binary_cross_entropy_with_logits(logits, targets, weight=weights, reduction="sum")


@dataclass(frozen=True)
class PerLabel(Loss):
    """Gives one number per label instead of one."""

    source = "nobody"

    def __call__(self, logits, targets, weights, stats):
        return self.elementwise(logits, targets).mean(0)


@dataclass(frozen=True)
class Vanishing(Loss):
    """A ten-thousandth of cross-entropy."""

    source = "nobody"

    def elementwise(self, logits, targets):
        return 1e-4 * F.binary_cross_entropy_with_logits(logits, targets, reduction="none")


@dataclass(frozen=True)
class Undocumented(Weighting):
    source = "nobody"


@dataclass(frozen=True)
class Unsourced(Weighting):
    """Ones, by another name."""


@dataclass(frozen=True)
class FiveMarks(Weighting):
    """More to tune than any arm may."""

    source = "nobody"

    a: Annotated[float, Real(0, 1)] = 0.5
    b: Annotated[float, Real(0, 1)] = 0.5
    c: Annotated[float, Real(0, 1)] = 0.5
    d: Annotated[float, Real(0, 1)] = 0.5
    e: Annotated[float, Real(0, 1)] = 0.5


@dataclass(frozen=True)
class OutOfRange(Weighting):
    """A default that its own range excludes."""

    source = "nobody"

    power: Annotated[float, Real(0.1, 1.0)] = 2.0


@dataclass(frozen=True)
class Listed(Weighting):
    """A list as a field: JSON cannot tell it from a tuple."""

    source = "nobody"

    powers: list


@dataclass(frozen=True)
class Few(Sampler):
    """Draw weights of the first batch alone."""

    source = "nobody"

    def weights(self, labels, stats):
        return torch.ones(8)


@dataclass(frozen=True)
class Nothing(Sampler):
    """Draws no document at all."""

    source = "nobody"

    def weights(self, labels, stats):
        return torch.zeros(len(labels))


@dataclass(frozen=True)
class Endless(Bias):
    """Starts at minus infinity."""

    source = "nobody"

    def start(self, loss, stats):
        return torch.full_like(stats.positives, float("-inf"))


@dataclass(frozen=True)
class Detached(Mixer):
    """Cuts the head off from the encoder."""

    source = "nobody"

    def mix(self, features, targets, stats):
        return features.detach(), targets


class Leaking(torch.nn.Linear):
    """A head whose logits are not numbers."""

    def forward(self, features):
        return super().forward(features) * float("nan")


@dataclass(frozen=True)
class Broken(Head):
    """Builds a head whose logits are not numbers."""

    source = "nobody"

    def build(self, encoder, stats):
        return Leaking(encoder.width, len(stats.positives), bias=False)


@dataclass(frozen=True)
class Reused(Freezing):
    """Looks for an attribute that no layer has."""

    source = "nobody"

    def trainable(self, layer, progress):
        return layer.block > 3


@dataclass(frozen=True)
class ByColumn(Weighting):
    """Weighs labels by where they stand."""

    source = "nobody"

    def weights(self, targets, stats):
        return 1 + torch.arange(targets.shape[1]).expand_as(targets)


@dataclass(frozen=True)
class ByRow(Weighting):
    """Weighs documents by where they stand in the batch."""

    source = "nobody"

    def weights(self, targets, stats):
        return 1 / (1 + torch.arange(len(targets)))[:, None].expand_as(targets)


@dataclass(frozen=True)
class FirstHalf(Sampler):
    """Never draws the second half of the documents."""

    source = "nobody"

    def weights(self, labels, stats):
        return (torch.arange(len(labels)) * 2 < len(labels)).float()


@dataclass(frozen=True)
class PerPositive(Loss):
    """Cross-entropy for each positive of the batch."""

    source = "nobody"

    def __call__(self, logits, targets, weights, stats):
        return (weights * self.elementwise(logits, targets)).sum() / targets.sum() / 5


@dataclass(frozen=True)
class PerNegative(Weighting):
    """Divides by the documents that lack a label."""

    source = "nobody"

    def weights(self, targets, stats):
        return (stats.documents / stats.negatives).expand_as(targets)


@dataclass(frozen=True)
class ThroughNumpy(Mixer):
    """Leaves torch, which bf16 cannot."""

    source = "nobody"

    def mix(self, features, targets, stats):
        return features + 0 * torch.from_numpy(features.detach().numpy()), targets


@dataclass(frozen=True)
class Exponential(Loss):
    """Takes weights as exponents."""

    source = "nobody"

    def __call__(self, logits, targets, weights, stats):
        return (weights.exp() * self.elementwise(logits, targets)).mean()


@dataclass(frozen=True)
class Quitting(Weighting):
    """Ends the whole process."""

    source = "nobody"

    def weights(self, targets, stats):
        raise SystemExit(3)


@dataclass(frozen=True)
class Staged(Procedure):
    """The stages that are given."""

    source = "nobody"

    given: tuple[Stage, ...] = (Stage(),)

    def stages(self):
        return self.given


def staged(*stages):
    return Strategy("staged", procedure=Staged(stages))


#: The check that has to speak, and what it has to say, for each faulty strategy.
FAULTS = [
    (Strategy("shape", weighting=PerDocument()), "weights", "the shape (8,); give [B, L] = (8, 5)"),
    (Strategy("nan", weighting=ByAbsence()), "weights", "a weight is not finite"),
    (Strategy("negative", weighting=Negative()), "weights", "a weight is negative"),
    (Strategy("sum", loss=Summed()), "loss_scale", "take a mean, not a sum"),
    (Strategy("vector", loss=PerLabel()), "one_step", "the loss has the shape (5,); give a scalar"),
    (Strategy("tiny", loss=Vanishing()), "loss_scale", "shape the loss, not rescale it"),
    (Strategy("mute", weighting=Undocumented()), "documented", "weighting Undocumented has no docstring"),
    (Strategy("anonymous", weighting=Unsourced()), "documented", "Unsourced names no source"),
    (Strategy("greedy", weighting=FiveMarks()), "defaults_in_space", "it tunes 5 parameters of its own"),
    (Strategy("outside", weighting=OutOfRange()), "defaults_in_space", "outside.weighting.power = 2.0 lies outside"),
    (Strategy("listed", weighting=Listed([1, 2])), "json_round_trip", "make every field a number, text or component"),
    (Strategy("few", sampler=Few()), "sampler", "the shape (8,); give [N]"),
    (Strategy("nothing", sampler=Nothing()), "sampler", "not all zero"),
    (Strategy("endless", bias=Endless()), "start", "the bias at the start is"),
    (Strategy("detached", mixer=Detached()), "one_step", "trainable True, gradient False"),
    (Strategy("broken", head=Broken()), "one_step", "the loss is nan"),
    (Strategy("reused", freezing=Reused()), "one_step", "AttributeError"),
    (Strategy("columns", weighting=ByColumn()), "permutations", "weights change where labels change places"),
    (Strategy("rows", weighting=ByRow()), "permutations", "weights change where documents change places"),
    (Strategy("half", sampler=FirstHalf()), "permutations", "draw weights change where documents change places"),
    (Strategy("positives", loss=PerPositive()), "batches", "one document without positives gives a loss of inf"),
    (Strategy("negatives", weighting=PerNegative()), "splits", "a training split of one document gives a loss of inf"),
    (Strategy("numpy", mixer=ThroughNumpy()), "half_precision", "TypeError: Got unsupported ScalarType BFloat16"),
    (Strategy("exponent", loss=Exponential()), "large_weights", "a weight of a million on each positive gives"),
    (Strategy("quitting", weighting=Quitting()), "weights", "strategy 'quitting': SystemExit: 3"),
    (staged(Stage(1.0, (ByRow(),))), "permutations", "weights change where documents change places"),
    (staged(Stage(0.5), Stage(0.4)), "stages", "stage shares [0.5, 0.4] must sum to 1"),
    (staged(Stage(1.5), Stage(-0.5)), "stages", "stage shares [1.5, -0.5] must sum to 1"),
    (staged(Stage(1.0, (Few(), Nothing()))), "stages", "a stage changes a factor twice: ['sampler', 'sampler']"),
    (staged(Stage(1.0, (Backbone("x"),))), "stages", "['backbone'], which hold for the whole run"),
    (staged(Stage(1.0, (), ("haed",))), "stages", "a stage resets ['haed']; only head and bias can be reset"),
    (staged(Stage(1.0, (Negative(),))), "stages", "a weight is negative"),
    (staged(Stage(1.0, (Unsourced(),))), "documented", "Unsourced names no source"),
    (staged(Stage(1.0, ("head",))), "stages", "'head' fills no factor"),
]
