"""Clipping of gradients: worked examples, and where a level is the neutral one."""

import pytest
import torch

from ablate.components.clipping import LabelCap, NoClipping, TightClipping
from ablate.factors import Clipping
from ablate.testing import toy_stats


def clipped(clipping, *gradients):
    copies = [gradient.clone() for gradient in gradients]
    clipping.clip(copies, torch.cat(copies).norm())
    return torch.cat(copies)


def test_the_neutral_level_scales_all_gradients_to_a_common_norm_of_one():
    # (3, 4) and (12): norm 13
    found = clipped(Clipping(), torch.tensor([3.0, 4.0]), torch.tensor([12.0]))
    torch.testing.assert_close(found, torch.tensor([3.0, 4.0, 12.0]) / 13)


def test_gradients_below_the_norm_stay():
    small = torch.tensor([0.3, 0.4])
    assert torch.equal(clipped(Clipping(), small), small)


def test_without_clipping_gradients_stay_however_large():
    huge = torch.tensor([3e6, 4e6])
    assert torch.equal(clipped(NoClipping(), huge), huge)


def test_a_tight_norm_clips_what_the_usual_one_leaves():
    small = torch.tensor([0.3, 0.4])
    torch.testing.assert_close(clipped(TightClipping(0.1), small), small / 5, rtol=1e-4, atol=0)
    assert torch.equal(clipped(TightClipping(1.0), small), clipped(Clipping(), small))


def test_a_label_is_capped_at_its_share_of_the_whole_and_the_others_stay():
    # columns of norm 3 and 4, whole 5: at most half of 5
    gradient = torch.tensor([[3.0, 0.0], [0.0, 4.0]])
    found = LabelCap(share=0.5).at_logits(gradient, toy_stats())
    torch.testing.assert_close(found, torch.tensor([[2.5, 0.0], [0.0, 2.5]]))
    lopsided = LabelCap(share=0.7).at_logits(gradient, toy_stats())
    torch.testing.assert_close(lopsided, torch.tensor([[3.0, 0.0], [0.0, 3.5]]))


@pytest.mark.parametrize("gradient", [torch.randn(8, 5), torch.zeros(8, 5)], ids=["any", "none"])
def test_no_label_exceeds_the_whole(gradient):
    torch.testing.assert_close(LabelCap(share=1.0).at_logits(gradient, toy_stats()), gradient)


def test_a_gradient_of_a_million_on_one_label_leaves_the_other_labels_their_say():
    gradient = torch.full((8, 5), 1e-3)
    gradient[0, 0] = 1e6
    found = LabelCap(share=0.01).at_logits(gradient, toy_stats())
    assert torch.isfinite(found).all()
    assert torch.equal(found[:, 1:], gradient[:, 1:])
    assert float(found[:, 0].norm()) == pytest.approx(1e4)
