"""Mixup: blends of features and targets in one ratio."""

import torch

from ablate.components.mixer import Mixup
from ablate.testing import toy_stats


def test_features_and_targets_are_blended_in_the_same_ratio_with_another_document():
    torch.manual_seed(0)
    # document i is the i-th unit vector, so that a blend tells its parts
    features, targets = Mixup(alpha=1.0).mix(torch.eye(6), torch.eye(6), toy_stats())
    assert torch.equal(features, targets)
    torch.testing.assert_close(features.sum(1), torch.ones(6))
    torch.testing.assert_close(features.sum(0), torch.ones(6))
    assert ((features > 0) & (features < 1)).any()


def test_half_precision_features_stay_so_and_targets_keep_theirs():
    features, targets = Mixup().mix(torch.randn(4, 3).bfloat16(), torch.ones(4, 5), toy_stats())
    assert (features.dtype, targets.dtype) == (torch.bfloat16, torch.float32)
    torch.testing.assert_close(targets, torch.ones(4, 5))


def test_one_document_is_blended_with_itself():
    features, targets = Mixup().mix(torch.ones(1, 3), torch.ones(1, 5), toy_stats())
    torch.testing.assert_close((features, targets), (torch.ones(1, 3), torch.ones(1, 5)))
