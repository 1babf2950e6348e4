"""The conformance suite: what every strategy must do, built in or from a plugin.

A plugin's test is three lines::

    import pytest
    from ablate.testing import CHECKS
    from acme_ablate import STRATEGIES

    @pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
    @pytest.mark.parametrize("strategy", STRATEGIES, ids=lambda strategy: strategy.name)
    def test_conformance(strategy, check):
        check(strategy)
"""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache

import numpy as np
import torch
from torch import Tensor, nn

from ablate.catalog import COMMON
from ablate.data.labels import Labels
from ablate.encoders.base import Batch, Encoder, Layer, Tokenizer, Tokens
from ablate.errors import AblateError
from ablate.factors import FACTORS, Freezing, Procedure, factor_of
from ablate.objective import Objective, known_shift, objective
from ablate.space import check_in_range, configure, defaults, search_space
from ablate.stats import LabelStats
from ablate.strategy import Strategy, from_json, to_json
from ablate.train.frozen import wraps
from ablate.train.model import Model, build_model, groups, set_mode, set_trainable

#: Marks of its own that a strategy may tune, besides the learning rate and dropout that every arm tunes.
MOST_MARKS = 4
#: Bounds of the expected loss at the start, as a multiple of binary cross-entropy's.
LOSS_BOUNDS = (1e-3, 1e3)
#: Factors that a stage cannot change, and what it can reset.
WHOLE_RUN = ("backbone", "procedure", "decision")
RESETS = ("head", "bias")


class ToyEncoder(Encoder):
    """Three layers of eight numbers over a vocabulary of twenty: enough to see which layers move."""

    def __init__(self) -> None:
        super().__init__()
        self.name, self.width, self.depth, self.weights_sha256 = "toy", 8, 3, "from scratch"
        self.rate = self.frozen_rate = 0.01
        self.tokenizer = _ToyTokenizer()
        self.words = nn.Embedding(20, 8)
        self.stack = nn.ModuleList(nn.Linear(8, 8) for _ in range(3))

    def layers(self) -> list[tuple[Layer, list[nn.Parameter]]]:
        """Embeddings and three layers."""
        below = Layer("embeddings", 0, 3)
        above = [(Layer(f"layer.{i + 1}", i + 1, 3), list(part.parameters())) for i, part in enumerate(self.stack)]
        return [(below, list(self.words.parameters())), *above]

    def forward(self, batch: Batch) -> Tokens:
        """Vectors of all tokens."""
        flat = self.words(batch.ids)
        for part in self.stack:
            flat = torch.tanh(part(flat))
        return Tokens(flat, batch.lengths)

    def pool(self, tokens: Tokens) -> Tensor:
        """The first token of each document, so that a head on the mean is another one."""
        return tokens.first()


class _ToyTokenizer(Tokenizer):
    key, size = "toy", 20

    def encode(self, texts):  # type: ignore[no-untyped-def]
        return [[ord(letter) % 20 for letter in text] or [0] for text in texts]


LABELS, COPIES = 5, 100


@cache
def toy_labels() -> Labels:
    """Forty documents over five labels, one of them rare, one document in four without any."""
    random = np.random.default_rng(0)
    rows = [np.flatnonzero(random.random(LABELS) < [0.6, 0.3, 0.2, 0.1, 0.0]).tolist() for _ in range(40)]
    rows[7] = [0, 4]
    for number in range(0, 40, 4):
        rows[number] = []
    rows[1], rows[2], rows[3], rows[5] = [0], [1, 2], [3], [0, 1, 2, 3]
    return Labels.from_lists(rows, LABELS)


def toy_stats() -> LabelStats:
    """The statistics of :func:`toy_labels`."""
    labels = toy_labels()
    names = ("salt", "soup", "bread", "oven", "saffron")
    return LabelStats(torch.from_numpy(labels.counts()).float(), len(labels), names)


def toy_batch() -> tuple[Batch, Tensor]:
    """Eight documents of the toy set and their targets, [8, 5]."""
    labels = toy_labels().take(np.arange(8))
    lengths = torch.tensor([3, 1, 4, 2, 5, 2, 3, 6])
    ids = torch.arange(int(lengths.sum())) * 7 % 20
    return Batch(ids, lengths), torch.from_numpy(labels.dense())


def toy_model(strategy: Strategy) -> tuple[Model, Objective, LabelStats]:
    """A strategy's model on the toy encoder, in training mode, its layers frozen as at the start."""
    torch.manual_seed(0)
    stats = toy_stats()
    encoder = strategy.freezing.wrap(ToyEncoder())
    goal = objective(strategy.loss, strategy.weighting, strategy.shift, strategy.sampler, toy_labels(), stats)
    model = build_model(strategy, encoder, False, goal, stats)
    set_trainable(model, strategy, 0.0)
    set_mode(model)
    return model, goal, stats


def toy_step(strategy: Strategy) -> tuple[Model, Tensor]:
    """One forward and backward pass; gives the model with gradients and the loss."""
    model, goal, stats = toy_model(strategy)
    batch, targets = toy_batch()
    features = model.features(batch)
    if isinstance(features, Tensor):
        features, targets = strategy.mixer.mix(features, targets, stats)
    loss = goal(model.logits(features), targets, stats)
    _need(loss.ndim == 0, strategy, f"the loss has the shape {tuple(loss.shape)}; give a scalar")
    loss.backward()  # type: ignore[no-untyped-call]
    return model, loss.detach()


def check_json_round_trip(strategy: Strategy) -> None:
    """JSON gives the same strategy back."""
    again = from_json(json.loads(json.dumps(to_json(strategy), allow_nan=False)))
    _need(again == strategy, strategy, f"JSON gives {again} back; make every field a number, text or component")


def check_defaults_in_space(strategy: Strategy) -> None:
    """Every default lies in its range, and there are few enough marks to tune."""
    space = search_space(strategy)
    for path, value in defaults(strategy).items():
        check_in_range(f"{strategy.name}.{path}", space[path], value)
    own = [path for path in space if path not in COMMON]
    _need(len(own) <= MOST_MARKS, strategy, f"it tunes {len(own)} parameters of its own ({own}); at most {MOST_MARKS}")
    _need(configure(strategy, defaults(strategy)) == strategy, strategy, "its defaults do not configure it")


def check_weights(strategy: Strategy) -> None:
    """Weights are finite, not negative, and broadcast to [B, L]."""
    _, targets = toy_batch()
    weights = strategy.weighting.weights(targets, toy_stats())
    try:
        weights = weights.expand_as(targets)
    except RuntimeError:
        _need(False, strategy, f"weights have the shape {tuple(weights.shape)}; give [B, L] = {tuple(targets.shape)}")
    _need(bool(torch.isfinite(weights).all()), strategy, "a weight is not finite; cap it, or guard a division by zero")
    _need(bool((weights >= 0).all()), strategy, "a weight is negative")


def check_sampler(strategy: Strategy) -> None:
    """Draw weights are finite, one per document, and some document is drawn."""
    labels = toy_labels()
    weights = strategy.sampler.weights(labels, toy_stats())
    _need(weights.shape == (len(labels),), strategy, f"draw weights have the shape {tuple(weights.shape)}; give [N]")
    fine = bool(torch.isfinite(weights).all() and (weights >= 0).all() and weights.sum() > 0)
    _need(fine, strategy, "draw weights must be finite, not negative, and not all zero")


def check_start(strategy: Strategy) -> None:
    """Biases and the known shift are finite, one per label."""
    stats = toy_stats()
    goal = objective(strategy.loss, strategy.weighting, strategy.shift, strategy.sampler, toy_labels(), stats)
    for what, value in (("bias", strategy.bias.start(goal, stats)), ("known shift", known_shift(goal, stats))):
        fine = value.shape == (LABELS,) and bool(torch.isfinite(value).all())
        _need(fine, strategy, f"the {what} at the start is {value}; it must be finite, one number per label")


def check_one_step(strategy: Strategy) -> None:
    """One step gives a finite scalar loss, and gradients for exactly the trainable layers."""
    model, loss = toy_step(strategy)
    _need(bool(torch.isfinite(loss)), strategy, f"the loss is {float(loss)}")
    for layer, parameters in model.layers():
        wanted = strategy.freezing.trainable(layer, 0.0)
        got = any(p.grad is not None and bool((p.grad != 0).any()) for p in parameters)
        _need(got == wanted or not parameters, strategy, f"layer {layer.name}: trainable {wanted}, gradient {got}")


def check_loss_scale(strategy: Strategy) -> None:
    """The *expected* loss of the start lies within a thousandth to a thousand times that of cross-entropy.

    Weights may be as large as they like: a weight of a million on a positive in a million is legal.
    """
    found, plain = _expected_loss(strategy), _expected_loss(Strategy("baseline"))
    low, high = (bound * plain for bound in LOSS_BOUNDS)
    _need(
        low <= found <= high,
        strategy,
        f"its expected loss at the start is {found:.3g}, cross-entropy's {plain:.3g}; "
        "take a mean, not a sum: a component may shape the loss, not rescale it",
    )


def check_groups(strategy: Strategy) -> None:
    """Each parameter is in exactly one group."""
    model, _, _ = toy_model(strategy)
    listed = [id(p) for group in groups(model, strategy, 0.01) for p in group["params"]]  # type: ignore[attr-defined]
    everything = [id(p) for p in model.parameters()]
    _need(sorted(listed) == sorted(everything), strategy, "a parameter is in no group, or in two")


def check_stages(strategy: Strategy) -> None:
    """The stages' shares are positive and sum to one; what each changes conforms like a strategy of its own."""
    stages = strategy.procedure.stages()
    shares = [stage.share for stage in stages]
    _need(all(s > 0 for s in shares) and abs(sum(shares) - 1) < 1e-9, strategy, f"stage shares {shares} must sum to 1")
    for stage in stages:
        changes = {factor_of(part): part for part in stage.changes}
        factors = [factor_of(part) for part in stage.changes]
        _need(len(factors) == len(changes), strategy, f"a stage changes a factor twice: {factors}")
        whole = [factor for factor in factors if factor in WHOLE_RUN]
        _need(not whole, strategy, f"a stage changes {whole}, which hold for the whole run; set them in the strategy")
        adapters = [part for part in stage.changes if isinstance(part, Freezing) and wraps(part)]
        _need(not adapters, strategy, "a stage puts an adapter in (Freezing.wrap); set it in the strategy itself")
        other = [part for part in stage.resets if part not in RESETS]
        _need(not other, strategy, f"a stage resets {other}; only {' and '.join(RESETS)} can be reset")
        for check in LEVEL_CHECKS if changes else ():
            check(strategy.replace(procedure=Procedure(), **changes))


def check_documented(strategy: Strategy) -> None:
    """Every changed component has a docstring of its own and names its source."""
    for factor, part in strategy.changed.items():
        kind = type(part)
        generated = (kind.__doc__ or "").startswith(f"{kind.__name__}(")
        _need(bool(kind.__doc__) and not generated, strategy, f"{factor} {kind.__name__} has no docstring")
        own = kind in FACTORS.values() or "source" in vars(kind)
        _need(own and bool(kind.source or kind in FACTORS.values()), strategy, f"{kind.__name__} names no source")


#: Checks of what a stage trains with.
LEVEL_CHECKS: tuple[Callable[[Strategy], None], ...] = (
    check_weights,
    check_sampler,
    check_start,
    check_one_step,
    check_loss_scale,
    check_groups,
    check_documented,
)

CHECKS: tuple[Callable[[Strategy], None], ...] = (
    check_json_round_trip,
    check_defaults_in_space,
    *LEVEL_CHECKS,
    check_stages,
)


def failures(strategy: Strategy) -> list[str]:
    """What a strategy fails, in words; empty where it conforms."""
    found = []
    for check in CHECKS:
        try:
            check(strategy)
        except Exception as error:
            told = isinstance(error, AssertionError | AblateError)
            reason = str(error) if told else f"{type(error).__name__}: {error}"
            found.append(f"{check.__name__.removeprefix('check_')}: {reason}".splitlines()[0])
    return found


def _expected_loss(strategy: Strategy) -> float:
    """Loss of the start over the toy training split many times over, the bias at its best constant.

    The split alone has 200 pairs, so that a sum over them would still lie within the bounds.
    """
    stats, labels = toy_stats(), toy_labels()
    goal = objective(strategy.loss, strategy.weighting, strategy.shift, strategy.sampler, labels, stats)
    targets = torch.from_numpy(labels.dense()).repeat(COPIES, 1)
    logits = goal.best_constant(stats).float().expand_as(targets)
    return float(goal(logits, targets, stats))


def _need(condition: bool, strategy: Strategy, message: str) -> None:
    if not condition:
        raise AssertionError(f"strategy '{strategy.name}': {message}")
