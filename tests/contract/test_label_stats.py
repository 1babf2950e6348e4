"""What a remedy may know of the training split."""

import math

import torch

from ablate.stats import LabelStats


def test_negatives_prior_and_log_odds_follow_from_the_counts():
    stats = LabelStats(torch.tensor([2.0, 5.0]), 10)
    assert stats.negatives.tolist() == [8.0, 5.0]
    torch.testing.assert_close(stats.prior, torch.tensor([0.2, 0.5]))
    # log(.2 / .8) = -log 4
    torch.testing.assert_close(stats.log_odds, torch.tensor([-math.log(4), 0.0]))


def test_the_prior_of_a_label_on_every_document_is_half_a_document_short_of_one():
    stats = LabelStats(torch.tensor([10.0]), 10)
    torch.testing.assert_close(stats.prior, torch.tensor([0.95]))
    assert torch.isfinite(stats.log_odds).all()


def test_log_odds_keep_the_precision_of_one_positive_among_ten_million():
    stats = LabelStats(torch.tensor([1.0]), 10_000_000)
    torch.testing.assert_close(stats.log_odds, torch.tensor([-math.log(9_999_999)]))


def test_buckets_begin_at_10_100_and_10_000_positives():
    stats = LabelStats(torch.tensor([1.0, 9, 10, 99, 100, 9_999, 10_000]), 50_000)
    assert stats.buckets == ("rare", "rare", "few", "few", "medium", "medium", "head")


def test_running_recall_starts_at_zero_for_every_label():
    assert LabelStats(torch.tensor([2.0, 5.0]), 10).running_recall.tolist() == [0.0, 0.0]


def test_two_runs_do_not_share_memory_but_one_run_does_across_devices():
    one, other = (LabelStats(torch.tensor([2.0]), 10) for _ in range(2))
    one.to(torch.device("cpu")).memory["seen"] = torch.ones(1)
    assert "seen" in one.memory
    assert not other.memory
