"""What a strategy has to do before it can be studied at all, and how it is written down."""

from __future__ import annotations

import json
from collections.abc import Callable

import torch

from ablate.catalog import COMMON
from ablate.factors import Component, Freezing, Procedure
from ablate.objective import known_shift
from ablate.space import check_in_range, configure, defaults, search_space
from ablate.strategy import FACTORS, Strategy, factor_of, from_json, to_json
from ablate.testing.toy import (
    LABELS,
    need,
    toy_batch,
    toy_labels,
    toy_model,
    toy_objective,
    toy_stats,
    toy_step,
)
from ablate.train.frozen import wraps
from ablate.train.model import groups

#: Marks of its own that a strategy may tune, besides the learning rate and dropout that every arm tunes.
MOST_MARKS = 4
#: Bounds of the expected loss at the start, as a multiple of binary cross-entropy's.
LOSS_BOUNDS = (1e-3, 1e3)
#: How often the toy split is repeated for that: it alone has 200 pairs, so that a sum would still lie within.
COPIES = 100
#: Factors that a stage cannot change, and what it can reset.
WHOLE_RUN = ("backbone", "procedure", "decision")
RESETS = ("head", "bias")


def check_json_round_trip(strategy: Strategy) -> None:
    """JSON gives the same strategy back."""
    again = from_json(json.loads(json.dumps(to_json(strategy), allow_nan=False)))
    need(again == strategy, strategy, f"JSON gives {again} back; make every field a number, text or component")


def check_defaults_in_space(strategy: Strategy) -> None:
    """Every default lies in its range, and there are few enough marks to tune."""
    space = search_space(strategy)
    for path, value in defaults(strategy).items():
        check_in_range(f"{strategy.name}.{path}", space[path], value)
    own = [path for path in space if path not in COMMON]
    need(
        len(own) <= MOST_MARKS,
        strategy,
        f"it tunes {len(own)} parameters of its own ({', '.join(own)}); at most {MOST_MARKS}: fix the others",
    )
    need(
        configure(strategy, defaults(strategy)) == strategy,
        strategy,
        "its defaults do not configure it; give each marked field a default of its mark's type",
    )


def check_weights(strategy: Strategy) -> None:
    """Weights are finite, not negative, and broadcast to [B, L]."""
    _, targets = toy_batch()
    weights = strategy.weighting.weights(targets, toy_stats())
    try:
        weights = weights.expand_as(targets)
    except RuntimeError:
        need(False, strategy, f"weights have the shape {tuple(weights.shape)}; give [B, L] = {tuple(targets.shape)}")
    need(bool(torch.isfinite(weights).all()), strategy, "a weight is not finite; cap it, or guard a division by zero")
    need(bool((weights >= 0).all()), strategy, "a weight is negative; clamp it at zero")


def check_sampler(strategy: Strategy) -> None:
    """Draw weights are finite, one per document, and some document is drawn."""
    labels = toy_labels()
    weights = strategy.sampler.weights(labels, toy_stats())
    need(
        weights.shape == (len(labels),),
        strategy,
        f"draw weights have the shape {tuple(weights.shape)}; give [N] = ({len(labels)},)",
    )
    fine = bool(torch.isfinite(weights).all() and (weights >= 0).all() and weights.sum() > 0)
    need(fine, strategy, "draw weights must be finite, not negative, and not all zero")


def check_start(strategy: Strategy) -> None:
    """Biases and the known shift are finite, one per label."""
    stats = toy_stats()
    goal = toy_objective(strategy)
    for what, value in (("bias", strategy.bias.start(goal, stats)), ("known shift", known_shift(goal, stats))):
        fine = value.shape == (LABELS,) and bool(torch.isfinite(value).all())
        need(fine, strategy, f"the {what} at the start is {value}; it must be finite, one number per label")


def check_one_step(strategy: Strategy) -> None:
    """One step gives a finite scalar loss, and gradients for exactly the trainable layers."""
    model, loss = toy_step(strategy)
    need(bool(torch.isfinite(loss)), strategy, f"the loss is {float(loss)}; guard logarithms and divisions by zero")
    for layer, parameters in model.layers():
        wanted = strategy.freezing.trainable(layer, 0.0)
        got = any(p.grad is not None and bool((p.grad != 0).any()) for p in parameters)
        need(
            got == wanted or not parameters,
            strategy,
            f"layer {layer.name}: trainable {wanted}, gradient {got}; let the loss reach what is trained, and no more",
        )


def check_loss_scale(strategy: Strategy) -> None:
    """The *expected* loss of the start lies within a thousandth to a thousand times that of cross-entropy.

    Weights may be as large as they like: a weight of a million on a positive in a million is legal.
    """
    found, plain = _expected_loss(strategy), _expected_loss(Strategy("baseline"))
    low, high = (bound * plain for bound in LOSS_BOUNDS)
    need(
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
    need(
        sorted(listed) == sorted(everything),
        strategy,
        "a parameter is in no group, or in two; name each once in Encoder.layers or the head's parameters",
    )


def check_stages(strategy: Strategy) -> None:
    """The stages' shares are positive and sum to one; what each changes conforms like a strategy of its own."""
    stages = strategy.procedure.stages()
    shares = [stage.share for stage in stages]
    need(all(s > 0 for s in shares) and abs(sum(shares) - 1) < 1e-9, strategy, f"stage shares {shares} must sum to 1")
    for stage in stages:
        changes = {factor_of(part): part for part in stage.changes}
        factors = [factor_of(part) for part in stage.changes]
        need(len(factors) == len(changes), strategy, f"a stage changes a factor twice: {factors}")
        whole = [factor for factor in factors if factor in WHOLE_RUN]
        need(not whole, strategy, f"a stage changes {whole}, which hold for the whole run; set them in the strategy")
        adapters = [part for part in stage.changes if isinstance(part, Freezing) and wraps(part)]
        need(not adapters, strategy, "a stage puts an adapter in (Freezing.wrap); set it in the strategy itself")
        other = [part for part in stage.resets if part not in RESETS]
        need(not other, strategy, f"a stage resets {other}; only {' and '.join(RESETS)} can be reset")
        for check in LEVEL_CHECKS if changes else ():
            check(strategy.replace(procedure=Procedure(), **changes))


def check_documented(strategy: Strategy) -> None:
    """Every changed component, those of stages too, has a docstring of its own and names its source."""
    staged = [part for stage in strategy.procedure.stages() for part in stage.changes]
    for part in (*strategy.changed.values(), *staged):
        kind = type(part)
        if kind in FACTORS.values():  # the neutral level at another value
            continue
        generated = (kind.__doc__ or "").startswith(f"{kind.__name__}(")
        need(
            bool(kind.__doc__) and not generated,
            strategy,
            f"{_factor(part)} {kind.__name__} has no docstring; say in one what it computes",
        )
        need(
            bool(vars(kind).get("source")),
            strategy,
            f'{_factor(part)} {kind.__name__} names no source; add source = "Author et al. YEAR" to the class',
        )


#: What a stage trains with, and every strategy.
LEVEL_CHECKS: tuple[Callable[[Strategy], None], ...] = (
    check_weights,
    check_sampler,
    check_start,
    check_one_step,
    check_loss_scale,
    check_groups,
)

#: A strategy that fails one of these cannot be studied: its runs would fail, or mean nothing beside the others.
ESSENTIAL: tuple[Callable[[Strategy], None], ...] = (
    check_json_round_trip,
    check_defaults_in_space,
    *LEVEL_CHECKS,
    check_stages,
)


def _factor(part: object) -> str:
    return factor_of(part) if isinstance(part, Component) else "a stage's"


def _expected_loss(strategy: Strategy) -> float:
    """Loss of the start over the toy training split many times over, the bias at its best constant."""
    stats = toy_stats()
    goal = toy_objective(strategy)
    targets = torch.from_numpy(toy_labels().dense()).repeat(COPIES, 1)
    logits = goal.best_constant(stats).float().expand_as(targets)
    return float(goal(logits, targets, stats))
