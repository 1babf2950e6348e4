from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pytest
import torch
from small_settings import SmallBert, dataset, go_on, ignore, prepared, setting, with_rate

from ablate.factors import Clipping, Loss, Mixer, Optimizer, Procedure, Sampler, Stage
from ablate.strategy import Strategy
from ablate.train.run import Outcome, run
from ablate.train.setting import EVALUATIONS, Setting

NEUTRAL = Strategy("neutral")


def outcome(one: Setting, strategy: Strategy = NEUTRAL, seed: int = 0) -> Outcome:
    return run(strategy, one, seed, go_on, ignore)


@dataclass(frozen=True)
class Halves(Procedure):
    """Two stages, the second with a fresh head."""

    first: float = 0.4

    def stages(self) -> tuple[Stage, ...]:
        return (Stage(self.first), Stage(1 - self.first, resets=("head",)))


@pytest.mark.parametrize("steps", [25, 26, 60, 137])
def test_a_run_is_evaluated_before_training_and_25_times_while_it_lasts(bag: Setting, steps: int):
    found = outcome(replace(bag, steps=steps)).curve.steps
    assert (len(found), found[0], found[-1]) == (1 + EVALUATIONS, 0, steps)
    assert max(np.diff(found)) - min(np.diff(found)) <= 1


def test_every_stage_has_25_evaluation_points_of_its_own(bag: Setting):
    found = outcome(replace(bag, steps=70), NEUTRAL.replace(procedure=Halves())).curve.steps
    assert len([step for step in found if 0 < step <= 28]) == EVALUATIONS  # .4 of 70 steps
    assert len([step for step in found if 28 < step <= 70]) == EVALUATIONS
    assert found == sorted(set(found))


def test_every_step_is_told_in_order_and_every_point_as_it_is_measured(bag: Setting):
    told: list[int] = []
    lengths: list[int] = []

    def watch(step, curve):
        assert (step, step) == (told[-1], curve.steps[-1])
        lengths.append(len(curve.macro))
        return True

    run(NEUTRAL, replace(bag, steps=30), 0, watch, told.append)
    assert told == list(range(1, 31))
    assert lengths == list(range(2, EVALUATIONS + 2))


def test_a_watcher_that_says_stop_prunes_the_run_there(bag: Setting):
    finished: list[bool] = []

    @dataclass(frozen=True)
    class Telling(Procedure):
        def finish(self, model, stats):
            finished.append(True)

    told: list[int] = []
    found = run(NEUTRAL.replace(procedure=Telling()), bag, 0, lambda step, curve: step < 10, told.append)
    assert (found.status, told[-1], len(found.losses)) == ("pruned", 10, 10)
    assert "stopped at step 10" in found.reason
    assert finished == []
    assert outcome(bag, NEUTRAL.replace(procedure=Telling())).status == "finished"
    assert finished == [True]


@dataclass(frozen=True)
class Breaks(Loss):
    """Not a number from this share of the run on."""

    at: float = 0.5

    def __call__(self, logits, targets, weights, stats):
        loss = super().__call__(logits, targets, weights, stats)
        return loss * float("nan") if stats.progress >= self.at else loss


def test_a_loss_that_is_not_finite_is_a_failed_run_that_names_the_step(bag: Setting):
    found = outcome(replace(bag, steps=50), NEUTRAL.replace(loss=Breaks()))
    # 25 of 50 steps done is half: step 26 is the first to break, and is seen at the next evaluation point
    assert (found.status, found.reason) == ("failed", "the loss was not finite at step 26")
    assert found.curve.steps[-1] == 24
    assert np.isfinite(found.curve.macro).all()


def test_a_loss_that_breaks_at_once_fails_at_step_1(bag: Setting):
    found = outcome(bag, NEUTRAL.replace(loss=Breaks(0.0)))
    assert (found.status, found.reason) == ("failed", "the loss was not finite at step 1")


def test_a_run_learns(bag: Setting):
    found = outcome(replace(bag, steps=100)).curve
    assert found.loss[-1] < found.loss[1]
    assert found.macro[-1] > found.macro[0] + 0.2


def test_the_same_seed_gives_the_same_run_and_another_seed_another(bert: Setting):
    one, again, other = (outcome(bert, seed=seed) for seed in (1, 1, 2))
    assert one.losses.tolist() == again.losses.tolist()
    assert one.norms.tolist() == again.norms.tolist()
    assert one.curve.macro == again.curve.macro
    assert torch.equal(one.model.bias, again.model.bias)
    assert one.losses.tolist() != other.losses.tolist()


def test_a_run_does_not_depend_on_what_was_drawn_before_it(bag: Setting):
    torch.manual_seed(1)
    one = outcome(bag)
    torch.manual_seed(2)
    torch.rand(7)
    np.random.default_rng().random()
    assert outcome(bag).losses.tolist() == one.losses.tolist()


def test_every_run_starts_from_the_pretrained_weights_but_for_the_head(bert: Setting):
    still = with_rate(bert, 0.0)
    one, other = (outcome(still, seed=seed).model for seed in (1, 2))
    pretrained = bert.encoder.state_dict()
    assert one.encoder is not None
    assert all(torch.equal(value, pretrained[name]) for name, value in one.encoder.state_dict().items())
    assert not torch.equal(one.head[1].weight, other.head[1].weight)


def test_a_backbone_from_scratch_starts_anew_with_each_seed(bag: Setting):
    still = with_rate(bag, 0.0)
    words = [outcome(still, seed=seed).model.encoder.words.weight for seed in (1, 1, 2)]
    assert torch.equal(words[0], words[1])
    assert not torch.equal(words[0], words[2])


def test_five_epochs_draw_every_positive_five_times(bag: Setting):
    counts = bag.prepared.labels["train"].counts()
    assert outcome(replace(bag, steps=25, batch_size=20)).drawn.tolist() == (5 * counts).tolist()  # 500 of 100


def test_the_sampler_is_asked_again_at_each_evaluation_point_and_knows_the_running_recall(bag: Setting):
    seen: list[tuple[float, float]] = []

    @dataclass(frozen=True)
    class Asking(Sampler):
        def weights(self, labels, stats):
            seen.append((stats.progress, float(stats.running_recall.sum())))
            return super().weights(labels, stats)

    outcome(replace(bag, steps=50), NEUTRAL.replace(sampler=Asking()))
    during = seen[-EVALUATIONS:]
    assert [progress for progress, _ in during] == [(2 * k + 1) / 50 for k in range(EVALUATIONS)]
    assert during[-1][1] > 0


def test_the_probe_is_the_same_whoever_asks_and_a_part_of_validation(tmp_path):
    one = setting(prepared(SmallBert(), tmp_path, dataset(held=300)))
    rows, labels = one.probe()
    again, _ = replace(one, encoder=one.prepared.backbone.build(one.prepared.tokenizer)).probe()
    assert rows.tolist() == again.tolist() == sorted(set(rows.tolist()))
    assert len(rows) == 256  # what a short run on a trained encoder can afford, and at least so many
    assert set(rows) <= set(one.prepared.rows["validation"])
    assert labels.indices.tolist() == one.prepared.dataset.labels.take(rows).indices.tolist()


def test_a_small_validation_split_is_its_own_probe(bag: Setting):
    rows, _ = bag.probe()
    assert rows.tolist() == bag.prepared.rows["validation"].tolist()


def test_after_step_is_called_after_every_step(bag: Setting):
    calls: list[int] = []

    @dataclass(frozen=True)
    class Counting(Procedure):
        def after_step(self, model, stats):
            calls.append(1)

    outcome(bag, NEUTRAL.replace(procedure=Counting()))
    assert len(calls) == bag.steps


def test_a_stage_that_resets_the_head_starts_it_and_its_bias_again(bag: Setting):
    heads: list[torch.Tensor] = []

    @dataclass(frozen=True)
    class Watching(Halves):
        def after_step(self, model, stats):
            heads.append(model.head[1].weight.detach().clone())

    still = NEUTRAL.replace(procedure=Watching(), optimizer=Optimizer(weight_decay=0.0))
    outcome(with_rate(replace(bag, steps=50), 0.0), still)
    assert torch.equal(heads[0], heads[19])
    assert not torch.equal(heads[19], heads[20])
    assert torch.equal(heads[20], heads[49])


def test_clipping_may_act_at_the_logits(bag: Setting):
    @dataclass(frozen=True)
    class Silent(Clipping):
        def at_logits(self, gradient, stats):
            return torch.zeros_like(gradient)

    silent = NEUTRAL.replace(clipping=Silent(), optimizer=Optimizer(weight_decay=0.0))
    found = outcome(bag, silent)
    assert found.norms.tolist() == [0.0] * bag.steps
    assert outcome(bag).norms.min() > 0


def test_gradients_are_recorded_before_they_are_clipped(bag: Setting):
    free, tight = (NEUTRAL.replace(clipping=Clipping(norm)) for norm in (1e9, 1e-9))
    assert outcome(bag, tight).norms[0] == outcome(bag, free).norms[0] > 1e-6
    assert outcome(with_rate(bag, 1e-3), tight).losses.tolist() != outcome(with_rate(bag, 1e-3), free).losses.tolist()


def test_a_mixer_sees_training_batches_alone_and_may_give_fractional_targets(bag: Setting):
    sizes: list[int] = []

    @dataclass(frozen=True)
    class Blend(Mixer):
        def mix(self, features, targets, stats):
            sizes.append(len(features))
            return (features + features.flip(0)) / 2, (targets + targets.flip(0)) / 2

    found = outcome(bag, NEUTRAL.replace(mixer=Blend()))
    assert sizes == [bag.batch_size] * bag.steps
    assert found.losses.tolist() != outcome(bag).losses.tolist()


def test_the_rate_follows_the_schedule_of_its_stage(bag: Setting):
    rates: list[float] = []

    @dataclass(frozen=True)
    class Recording(Optimizer):
        def build(self, groups):
            made = super().build(groups)
            made.register_step_pre_hook(lambda one, *rest: rates.append(one.param_groups[0]["lr"]))
            return made

    outcome(with_rate(replace(bag, steps=50), 0.09), NEUTRAL.replace(optimizer=Recording(scale=2.0)))
    # in the middle of step 3 of 50, .05 of the way, half of the warm-up of a tenth; then .95 of it: .05 / .9 are left
    assert rates[2] == pytest.approx(0.18 * 0.5)
    assert rates[47] == pytest.approx(0.18 * 0.05 / 0.9)
    assert max(rates) == rates[5] == pytest.approx(0.18 * (1 - 0.11) / 0.9)
