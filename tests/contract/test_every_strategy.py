"""What holds for every built-in strategy: half precision, and the value at which it is the baseline."""

import dataclasses

import pytest
import torch

from ablate.catalog import BASELINE, STRATEGIES
from ablate.factors import Procedure
from ablate.objective import known_shift
from ablate.space import configure, search_space
from ablate.stats import LabelStats
from ablate.strategy import FACTORS
from ablate.testing import ToyEncoder, toy_batch, toy_labels, toy_model, toy_stats, toy_step
from ablate.testing.awkward import awkward_splits

EVERY = pytest.mark.parametrize("strategy", STRATEGIES, ids=lambda strategy: strategy.name)
WITH_NEUTRAL_VALUE = [s for s in STRATEGIES if s.changed and all(part.baseline_at for part in s.changed.values())]


@EVERY
def test_logits_in_half_precision_give_the_loss_of_their_values_in_fp32(strategy):
    _, targets = toy_batch()
    exact = ((torch.arange(40) - 20) / 8).reshape(8, 5)  # eighths are exact in bf16
    losses = []
    for kind in (torch.float32, torch.bfloat16):
        _, goal, stats = toy_model(strategy)
        logits = exact.clone().to(kind).requires_grad_()
        loss = goal(logits, targets, stats)
        loss.backward()
        assert torch.isfinite(logits.grad).all()
        losses.append(loss.detach())
    assert losses[0].dtype == losses[1].dtype == torch.float32
    assert losses[0] == losses[1]


def later_stats():
    """Statistics late in a run: some labels are found by now, others are not."""
    return dataclasses.replace(toy_stats(), progress=0.9, running_recall=torch.linspace(0.1, 0.9, 5))


def draws_among_thousands(strategy):
    """Draw weights where one label is on a single document of 3,001."""
    labels = awkward_splits()["one label on a single document of thousands"]
    return strategy.sampler.weights(labels, LabelStats(torch.tensor([1.0, 3000.0]), len(labels))).double()


def clipped(strategy):
    """Gradients of norm 13, and gradients at the logits of which one label has nearly all."""
    gradients = [torch.tensor([3.0, 4.0]), torch.tensor([12.0])]
    strategy.clipping.clip(gradients, torch.tensor(13.0))
    lopsided = torch.ones(8, 5) + 100 * torch.eye(5)[0]
    return {"clipped": torch.cat(gradients), "capped": strategy.clipping.at_logits(lopsided, toy_stats())}


def stepped(strategy):
    """A weight after a small, a huge and a small gradient."""
    weight = torch.nn.Parameter(torch.ones(3))
    group = {"params": [weight], "lr": 0.01, "weight_decay": strategy.optimizer.weight_decay}
    optimizer = strategy.optimizer.build([group])
    for size in (0.1, 100.0, 0.1):
        weight.grad = torch.full((3,), size)
        optimizer.step()
    return weight.detach()


def finished(strategy):
    """The weights that late steps and the end of a run leave behind."""
    model, _, stats = toy_model(strategy)
    stats.progress = 0.99
    for _ in range(3):
        with torch.no_grad():
            for parameter in model.parameters():
                parameter += 1 + parameter.abs()
        strategy.procedure.after_step(model, stats)
    strategy.procedure.finish(model, stats)
    return {f"end of {name}": parameter.detach() for name, parameter in model.named_parameters()}


def stages_of(strategy):
    """What the stages change and reset, and when."""
    return [(stage.share, stage.changes, stage.resets) for stage in strategy.procedure.stages()]


def effect(strategy):
    """All that a component can act on in the toy set-up, by name."""
    model, loss = toy_step(strategy)
    fresh, goal, stats = toy_model(strategy)
    _, targets = toy_batch()
    found = {f"gradient of {name}": parameter.grad for name, parameter in model.named_parameters()}
    found |= {f"start of {name}": parameter.detach() for name, parameter in fresh.named_parameters()}
    layers = [layer for layer, _ in fresh.layers()]
    moments = [step / 10 for step in range(11)]
    return {
        **found,
        **clipped(strategy),
        **finished(strategy),
        "loss": loss,
        "known shift": known_shift(goal, stats),
        "draws": strategy.sampler.weights(toy_labels(), stats).double(),
        "draws among thousands": draws_among_thousands(strategy),
        "later draws": strategy.sampler.weights(toy_labels(), later_stats()).double(),
        "later weights": strategy.weighting.weights(targets, later_stats()).expand(8, 5),
        "rates": torch.tensor([strategy.optimizer.rate(layer) for layer in layers]),
        "steps": stepped(strategy),
        "trained": torch.tensor([[strategy.freezing.trainable(layer, p) for layer in layers] for p in moments]),
        "schedule": torch.tensor([strategy.schedule.scale(moment) for moment in moments]),
    }


def at_baseline(strategy):
    parts = {factor: dataclasses.replace(part, **part.baseline_at) for factor, part in strategy.changed.items()}
    return strategy.replace(**parts)


def far_from_baseline(strategy):
    """The parameters that have a neutral value at the end of their range that lies farther from it."""
    space = search_space(strategy)
    neutral = {
        f"{factor}.{name}": v for factor, part in strategy.changed.items() for name, v in part.baseline_at.items()
    }
    marked = {path: value for path, value in neutral.items() if path in space}
    ends = {path: (space[path].low, space[path].high) for path in marked}
    return configure(strategy, {path: max(ends[path], key=lambda end: abs(end - marked[path])) for path in marked})


def assert_differs(strategy, other):
    with pytest.raises(AssertionError):  # other values, other shapes or other names
        torch.testing.assert_close(effect(strategy), effect(other))


@pytest.mark.parametrize("strategy", WITH_NEUTRAL_VALUE, ids=lambda strategy: strategy.name)
def test_a_strategy_at_its_neutral_value_acts_as_the_baseline(strategy):
    torch.testing.assert_close(effect(at_baseline(strategy)), effect(BASELINE))
    assert stages_of(at_baseline(strategy)) == stages_of(BASELINE)


@pytest.mark.parametrize("strategy", WITH_NEUTRAL_VALUE, ids=lambda strategy: strategy.name)
def test_a_strategy_far_from_its_neutral_value_does_not(strategy):
    assert_differs(far_from_baseline(strategy), BASELINE)


@pytest.mark.parametrize("strategy", STRATEGIES[1:], ids=lambda strategy: strategy.name)
def test_every_strategy_changes_a_gradient_a_score_or_the_stages_at_its_defaults(strategy):
    # another encoder changes everything, and the toy set-up has one encoder for all
    if stages_of(strategy) == stages_of(BASELINE) and "backbone" not in strategy.changed:
        assert_differs(strategy, BASELINE)


def composition(part):
    """A component's class, and those of the components that its stages change."""
    changes = [other for stage in part.stages() for other in stage.changes] if isinstance(part, Procedure) else []
    return (type(part), *(composition(other) for other in changes))


def test_at_least_forty_strategies_differ_in_class_or_composition():
    # another value of one parameter does not count
    assert len({tuple(composition(part) for part in s.changed.values()) for s in STRATEGIES if s.changed}) >= 40


def test_every_factor_but_the_decision_has_a_strategy():
    assert {factor for strategy in STRATEGIES for factor in strategy.changed} == set(FACTORS) - {"decision"}


def test_the_suggestions_of_the_forum_carry_its_tag():
    tagged = {strategy.name for strategy in STRATEGIES if "forum" in strategy.tags}
    assert {"softmax", "repeat-factor", "rarest-label-weight", "head-rate", "last-layers", "roberta"} <= tagged


def test_what_has_no_neutral_value_is_one_choice_or_a_composition():
    without = {s.name for s in STRATEGIES} - {s.name for s in WITH_NEUTRAL_VALUE}
    assert without == {
        *("baseline", "as-asked", "roberta"),
        *("mlp-head", "cosine-head", "mean-head", "label-attention", "label-attention-named", "named-head"),
        *("pos-weight-inverse", "rebalanced", "mixup"),
        *("distribution-balanced", "softmax", "softmax-pick-all", "softmax-decoupled"),
        *("zlpr", "two-way", "soft-f1", "recall-at-precision"),
        *("linear-probe", "last-layers", "freeze-embeddings", "lora"),
        *("sgd", "constant-rate", "cosine-decay", "no-clipping"),
        *("crt", "lws", "deferred-reweighting", "ldam-drw"),
    }


@EVERY
def test_every_strategy_says_when_it_helps(strategy):
    assert strategy.helps.endswith(".")


@EVERY
def test_every_change_names_its_source_and_a_field_for_its_neutral_value(strategy):
    for factor, part in strategy.changed.items():
        assert part.source
        assert set(part.baseline_at) <= {field.name for field in dataclasses.fields(part)}
        assert type(part) is not FACTORS[factor]


def test_names_are_unique():
    names = [strategy.name for strategy in STRATEGIES]
    assert len(set(names)) == len(names)


def test_the_catalog_has_the_strategies_that_were_asked_for():
    assert {
        "baseline",
        "as-asked",
        "pos-weight-inverse",
        "pos-weight-sqrt",
        "effective-number",
        "focal",
        "repeat-factor",
        "logit-adjusted",
        "last-layers",
        "head-rate",
        "softmax",
    } <= {strategy.name for strategy in STRATEGIES}
    assert [s.name for s in STRATEGIES if s.identity_of] == ["logit-adjusted"]


def test_the_toy_encoder_describes_each_of_its_parameters_once():
    encoder = ToyEncoder()
    described = [id(parameter) for _, parameters in encoder.layers() for parameter in parameters]
    assert sorted(described) == sorted(id(parameter) for parameter in encoder.parameters())
