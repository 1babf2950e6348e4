"""Classifier re-training, cRT (Kang et al. 2020)."""

from dataclasses import replace

import numpy as np
import torch
from paper import ClassBalanced, Retrain
from toy_run import parameters, train

from ablate.api import HeadOnly, Labels, LabelStats, Optimizer, Stage, Strategy
from ablate.objective import sampled_prior

CRT = Strategy("crt", procedure=Retrain())
#: The second stage with a rate of nothing: the head stays as it was reset.
STILL = Strategy("still", procedure=Retrain(Stage(0.3, (ClassBalanced(), HeadOnly(), Optimizer(scale=0.0)), ("head",))))


def first_stage_ends(setting):
    return round(0.7 * setting.steps)


def test_the_encoder_learns_in_the_first_stage_and_stays_in_the_second(setting):
    start = parameters(train(CRT, setting, until=1).model)
    middle = parameters(train(CRT, setting, until=first_stage_ends(setting)).model)
    end = parameters(train(CRT, setting).model)
    assert not torch.equal(start["encoder.words.weight"], middle["encoder.words.weight"])
    assert torch.equal(middle["encoder.words.weight"], end["encoder.words.weight"])
    assert not torch.equal(middle["head.1.weight"], end["head.1.weight"])


def test_the_second_stage_starts_with_a_fresh_head_and_the_bias_of_its_own_sampler(setting):
    middle = parameters(train(STILL, setting, until=first_stage_ends(setting)).model)
    reset = parameters(train(STILL, setting).model)
    # 16 numbers of deviation .02 for each label: far from a head that has learnt
    assert reset["head.1.weight"].abs().max() < 0.1
    assert middle["head.1.weight"].abs().max() > 0.3
    stats = setting.prepared.stats()
    drawn = sampled_prior(ClassBalanced(), setting.prepared.labels["train"], stats)
    torch.testing.assert_close(reset["bias"], torch.logit(drawn), rtol=0, atol=1e-3)


def test_the_second_stage_alone_draws_rare_labels_more_often(setting):
    def drawn(strategy):
        counts = train(strategy, setting).drawn
        return counts.min() / counts.max()

    plain, balanced = drawn(Strategy("plain")), drawn(Strategy("balanced", sampler=ClassBalanced()))
    assert balanced > 3 * plain
    assert plain < drawn(CRT) < balanced


def test_every_label_is_drawn_equally_often_where_documents_carry_one_label():
    # 4 + 2 + 1 documents of one label and 1 without any: 4 * 1/4 = 2 * 1/2 = 1 * 1 = 1 for the bare one
    labels = Labels.from_lists([[0]] * 4 + [[1]] * 2 + [[2]] + [[]], 3)
    stats = LabelStats(torch.tensor([4.0, 2.0, 1.0]), 8)
    weights = ClassBalanced().weights(labels, stats)
    assert weights.tolist() == [0.25] * 4 + [0.5] * 2 + [1.0, 1.0]
    assert ClassBalanced(power=0.0).weights(labels, stats).tolist() == [1.0] * 8


def test_the_two_stages_share_the_budget_of_every_other_arm(setting):
    outcome = train(CRT, setting)
    assert len(outcome.losses) == setting.steps
    # 25 points in each stage, and the state before training
    assert len(outcome.curve.steps) == 51
    assert np.all(np.diff(outcome.curve.steps) > 0)


def test_the_length_of_the_second_stage_is_a_field():
    longer = replace(CRT.procedure, second=replace(CRT.procedure.second, share=0.5))
    assert [stage.share for stage in longer.stages()] == [0.5, 0.5]
