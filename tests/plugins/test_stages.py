"""What a stage changes holds for that stage, and for nothing after it."""

from dataclasses import dataclass

import numpy as np
import torch
from toy_run import toy_setting, train

from ablate.ablation import trains_other_layers
from ablate.api import Freezing, Head, HeadOnly, Procedure, Softmax, Stage, Strategy, Weighting
from ablate.catalog import BASELINE, BASES


@dataclass(frozen=True)
class Heavy(Weighting):
    """Everything weighs a hundred."""

    def weights(self, targets, stats):
        return torch.full_like(targets, 100.0)


@dataclass(frozen=True)
class HeavyFirst(Procedure):
    """Heavy weights in the first half, the strategy's own in the second."""

    def stages(self):
        return (Stage(0.5, changes=(Heavy(),)), Stage(0.5))


@dataclass(frozen=True)
class SoftmaxAtLast(Procedure):
    """A softmax in the second half."""

    def stages(self):
        return (Stage(0.5), Stage(0.5, changes=(Softmax(),)))


@dataclass(frozen=True)
class FirstToken(Head):
    """A linear layer on the first token."""

    reads = "tokens"

    def build(self, encoder, stats):
        class First(torch.nn.Linear):
            def forward(self, tokens):
                return super().forward(tokens.first())

        return First(encoder.width, len(stats.positives), bias=False)


@dataclass(frozen=True)
class TokensAtLast(Procedure):
    """Another head, which reads tokens, in the second half."""

    def stages(self):
        return (Stage(0.5), Stage(0.5, changes=(FirstToken(),)))


@dataclass(frozen=True)
class Thaw(Procedure):
    """Everything is trained in the second half."""

    def stages(self):
        return (Stage(0.5), Stage(0.5, changes=(Freezing(),)))


def test_the_weights_of_a_stage_end_with_it(tmp_path):
    outcome = train(Strategy("heavy-first", procedure=HeavyFirst()), toy_setting(tmp_path))
    first, second = outcome.losses[40:50].mean(), outcome.losses[50:60].mean()
    assert first > 20 * second  # a hundred times, but for what ten steps change


def test_a_run_is_ranked_by_the_loss_of_its_last_stage(tmp_path):
    outcome = train(Strategy("softmax-at-last", procedure=SoftmaxAtLast()), toy_setting(tmp_path))
    assert outcome.loss == Softmax()


def test_a_stage_may_bring_a_head_that_reads_tokens(tmp_path):
    outcome = train(Strategy("tokens-at-last", procedure=TokensAtLast()), toy_setting(tmp_path))
    assert outcome.status == "finished"
    assert np.isfinite(outcome.losses).all()


def test_a_stage_that_thaws_layers_of_a_frozen_base_trains_other_layers():
    thaw = Strategy("thaw", procedure=Thaw())
    assert trains_other_layers(thaw, BASES["head-only"])
    assert not trains_other_layers(thaw, BASELINE)
    assert not trains_other_layers(Strategy("probe-at-last", procedure=SoftmaxAtLast()), BASES["head-only"])
    assert trains_other_layers(Strategy("probe", freezing=HeadOnly()), BASELINE)
