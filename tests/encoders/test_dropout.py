"""Cheap dropout is dropout: right share, right expectation, its own gradient, a function of torch's seed."""

import pytest
import torch
from torch import nn

from ablate.encoders.dropout import STEPS, Dropout, cheapen, dropped, kept


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_the_share_that_is_dropped_is_the_one_asked_for(share):
    torch.manual_seed(0)
    mask = kept((1000, 1000), share, torch.float32)
    # the standard error of a share of a million draws is at most .0005
    assert abs(float((mask == 0).double().mean()) - share) < 0.002
    exact = round(share * STEPS) / STEPS
    assert torch.unique(mask).tolist() == pytest.approx([0, 1 / (1 - exact)])
    assert abs(float(mask.double().mean()) - 1) < 0.01


def test_elements_are_dropped_independently_of_their_neighbours():
    torch.manual_seed(1)
    gone = (kept((1_000_000,), 0.5, torch.float32) == 0).double()
    for distance in (1, 2, 3, 4, 64):  # four elements share one random word
        both = float((gone[:-distance] * gone[distance:]).mean())
        assert abs(both - 0.25) < 0.002  # four standard errors of .00043


def test_a_seed_gives_a_mask_and_the_next_call_another():
    masks = []
    for _ in range(2):
        torch.manual_seed(3)
        masks.append([kept((64,), 0.5, torch.float32) for _ in range(2)])
    assert torch.equal(masks[0][0], masks[1][0])
    assert torch.equal(masks[0][1], masks[1][1])
    assert not torch.equal(masks[0][0], masks[0][1])


def test_the_gradient_passes_where_the_value_passed():
    torch.manual_seed(0)
    values = torch.randn(50, 3, requires_grad=True)
    out = dropped(values, 0.4)
    out.sum().backward()
    assert torch.equal(values.grad == 0, out == 0)
    torch.testing.assert_close(out.detach(), values.detach() * values.grad)


def test_nothing_is_dropped_outside_training_or_at_0_and_everything_at_1():
    values = torch.randn(7)
    assert torch.equal(Dropout(0.5).eval()(values), values)
    assert torch.equal(Dropout(0.0).train()(values), values)
    assert torch.equal(Dropout(1.0).train()(values), torch.zeros(7))


def test_every_dropout_of_a_model_is_replaced_with_its_share():
    model = nn.Sequential(nn.Dropout(0.3), nn.Sequential(nn.Linear(2, 2), nn.Dropout(0.2)), nn.Dropout1d(0.1))
    cheapen(model)
    found = [(type(m), m.p) for m in model.modules() if isinstance(m, nn.Dropout | nn.Dropout1d)]
    assert found == [(Dropout, 0.3), (Dropout, 0.2), (nn.Dropout1d, 0.1)]
