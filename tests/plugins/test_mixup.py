"""Mixup of features (Zhang et al. 2018)."""

from dataclasses import dataclass, replace

import torch
from paper import Mixup
from toy_run import train

from ablate.api import Loss, PowerWeight, Strategy
from ablate.testing import toy_stats
from ablate.train.features import encode, standardiser
from ablate.train.inputs import FeatureInputs

SEEN = []


@dataclass(frozen=True)
class Watched(Loss):
    """Cross-entropy that keeps the targets of every batch."""

    source = "a test"

    def __call__(self, logits, targets, weights, stats):
        SEEN.append(targets.clone())
        return super().__call__(logits, targets, weights, stats)


def targets_seen(strategy, setting):
    SEEN.clear()
    train(strategy, setting)
    return torch.cat(SEEN)


def test_each_document_is_blended_with_another_in_one_ratio():
    torch.manual_seed(0)
    # document i is the i-th unit vector, so that a blend tells its parts
    blended, targets = Mixup(alpha=1.0).mix(torch.eye(6), torch.eye(6), toy_stats())
    torch.testing.assert_close(blended.sum(1), torch.ones(6))
    torch.testing.assert_close(blended.sum(0), torch.ones(6))
    assert torch.equal(blended, targets)
    assert len(blended[blended > 0].unique()) <= 3  # the ratio, its complement, and 1 where a document meets itself
    assert ((blended > 0) & (blended < 1)).any()


def test_ratios_gather_at_the_ends_where_alpha_is_small():
    torch.manual_seed(0)

    def ratios(alpha):
        return torch.stack([Mixup(alpha).mix(torch.eye(2), torch.eye(2), toy_stats())[0].max() for _ in range(200)])

    # the larger part of a blend: near 1 for Beta(.05, .05), about 3/4 on average for the uniform Beta(1, 1)
    assert ratios(0.05).mean() > 0.95
    assert 0.7 < ratios(1.0).mean() < 0.9


def test_the_loss_sees_fractional_targets_that_keep_the_labels_in_total(setting):
    seen = targets_seen(Strategy("mixup", mixer=Mixup(alpha=1.0), loss=Watched()), setting.with_budget(30))
    plain = targets_seen(Strategy("plain", loss=Watched()), setting.with_budget(30))
    assert ((seen > 0) & (seen < 1)).float().mean() > 0.2
    assert ((plain == 0) | (plain == 1)).all()
    # the same batches are drawn, and a blend moves labels between documents alone
    torch.testing.assert_close(seen.sum(0), plain.sum(0), rtol=1e-4, atol=1e-3)


def test_weights_follow_fractional_targets():
    weights = PowerWeight(1.0).weights(torch.full((1, 5), 0.25), toy_stats())
    # 1 + 1/4 (N-/N+ - 1)
    ratio = toy_stats().negatives / toy_stats().positives
    torch.testing.assert_close(weights, (0.75 + 0.25 * ratio)[None])


def test_nothing_is_mixed_when_the_model_is_scored(setting):
    # the first evaluation comes before any training: dropout and mixing would show in it
    plain, mixed = (train(s, setting, until=1).curve for s in (Strategy("plain"), Strategy("m", mixer=Mixup(1.0))))
    assert (plain.macro[0], plain.micro[0]) == (mixed.macro[0], mixed.micro[0])


def test_vectors_of_a_frozen_encoder_are_mixed_too(setting):
    vectors = encode(setting.encoder, setting.prepared, "fp32")
    inputs = FeatureInputs(standardiser(vectors).apply(vectors))
    frozen = replace(setting, inputs=inputs, frozen=True)
    seen = targets_seen(Strategy("mixup", mixer=Mixup(alpha=1.0), loss=Watched()), frozen.with_budget(30))
    assert ((seen > 0) & (seen < 1)).any()
