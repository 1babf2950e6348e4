"""Logit adjustment in training."""

import math

import torch

from ablate.components.shift import LogitAdjustment
from ablate.stats import LabelStats

STATS = LabelStats(torch.tensor([50.0, 20.0, 10.0]), 100)
LOGITS = torch.tensor([[0.5, -1.0, 2.0], [0.0, 0.0, 0.0]])


def test_tau_0_changes_nothing():
    assert torch.equal(LogitAdjustment(0.0).shift(LOGITS, torch.zeros(2, 3), STATS), LOGITS)


def test_the_log_odds_of_the_prior_are_added_times_tau():
    # log(50/50) = 0, log(20/80) = -log 4, log(10/90) = -log 9, each times one half
    moved = LogitAdjustment(0.5).shift(LOGITS, torch.zeros(2, 3), STATS)
    torch.testing.assert_close(moved - LOGITS, torch.tensor([0.0, -math.log(2), -math.log(3)]).expand(2, 3))
