"""Stages, and what happens to the weights after the last step."""

from dataclasses import replace

import pytest
import torch
from torch import nn

from ablate.components.freezing import HeadOnly
from ablate.components.procedure import Deferred, HeadRetraining, HeadScaling, TauNormalisation, WeightAveraging
from ablate.components.sampler import LabelPower
from ablate.components.weighting import EffectiveNumber
from ablate.errors import AblateError
from ablate.factors import Head
from ablate.strategy import Strategy
from ablate.testing import toy_model, toy_stats


def model_of(head=Head(0.0)):  # noqa: B008 (a head is a frozen value)
    model, _, _ = toy_model(Strategy("toy", head=head))
    return model


def test_a_new_head_is_trained_in_the_last_stage_alone():
    changes = (LabelPower(0.0), HeadOnly())
    first, second = HeadRetraining(changes, share=0.25).stages()
    assert (first.share, first.changes, first.resets) == (0.75, (), ())
    assert (second.share, second.changes, second.resets) == (0.25, changes, ("head",))


def test_a_scaled_head_is_kept():
    _, second = HeadScaling((HeadOnly(),)).stages()
    assert second.resets == ()


def test_weights_that_are_deferred_come_after_the_start():
    first, second = Deferred((EffectiveNumber(),), start=0.6).stages()
    assert (first.share, first.changes) == (0.6, ())
    assert (second.share, second.changes) == (pytest.approx(0.4), (EffectiveNumber(),))


@pytest.mark.parametrize("procedure", [HeadRetraining(), HeadScaling(), Deferred()], ids=lambda p: type(p).__name__)
@pytest.mark.parametrize("share", [0.05, 0.1, 0.3, 0.5])
def test_shares_sum_to_one(procedure, share):
    field = "start" if hasattr(procedure, "start") else "share"
    assert sum(stage.share for stage in replace(procedure, **{field: share}).stages()) == 1


def rows_of(tau):
    model = model_of()
    weight = model.head[1].weight
    with torch.no_grad():
        weight.zero_()
        weight[:, 0] = torch.tensor([1.0, 2.0, 3.0, 6.0, 8.0])  # norms with a mean of 4
        model.bias.copy_(torch.arange(5.0))
    TauNormalisation(tau).finish(model, toy_stats())
    assert torch.equal(model.bias.detach(), torch.arange(5.0))
    return weight[:, 0].detach()


def test_tau_of_one_makes_all_rows_as_long_as_their_mean():
    torch.testing.assert_close(rows_of(1.0), torch.full((5,), 4.0))


def test_tau_of_one_half_divides_by_the_root_of_the_length():
    # n * (4 / n) ** .5 = 2 sqrt n
    torch.testing.assert_close(rows_of(0.5), 2 * torch.tensor([1.0, 2.0, 3.0, 6.0, 8.0]).sqrt())


def test_tau_of_nothing_changes_nothing():
    torch.testing.assert_close(rows_of(0.0), torch.tensor([1.0, 2.0, 3.0, 6.0, 8.0]))


def test_a_head_without_rows_by_label_is_refused_in_words():
    model = model_of()
    model.head = nn.Identity()
    with pytest.raises(AblateError, match="one row of weights per label"):
        TauNormalisation().finish(model, toy_stats())


def averaged(share, values):
    """The bias after steps that leave it at these values, at 10 % of the run each, and the end of the run."""
    model, stats = model_of(), toy_stats()
    procedure = WeightAveraging(share)
    for step, value in enumerate(values):
        stats.progress = step / 10
        with torch.no_grad():
            model.bias.fill_(value)
        procedure.after_step(model, stats)
    procedure.finish(model, stats)
    return float(model.bias.detach()[0])


def test_the_weights_of_the_last_steps_are_averaged():
    # of ten steps the last three begin at .7, .8 and .9 of the run
    assert averaged(0.3, [5.0] * 7 + [1.0, 2.0, 6.0]) == pytest.approx(3.0)


def test_a_share_of_nothing_keeps_the_last_weights():
    assert averaged(0.0, [5.0] * 7 + [1.0, 2.0, 6.0]) == 6.0


def test_frozen_weights_are_not_averaged():
    model, stats = model_of(), replace(toy_stats(), progress=0.99)
    for parameter in model.encoder.parameters():
        parameter.requires_grad_(False)
    WeightAveraging().after_step(model, stats)
    assert {name.split()[-1].split(".")[0] for name in stats.memory} == {"head", "bias"}
