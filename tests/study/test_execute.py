"""From one run to its record, and what is settled before the first run."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
import torch
from small_study import PLAN, Seen, plan

from ablate.catalog import BASELINE, DECISIONS
from ablate.components.backbone import TinyBert
from ablate.components.freezing import HeadOnly
from ablate.factors import Procedure
from ablate.results.record import Records, canonical, key_of, same
from ablate.strategy import Strategy
from ablate.study import execute as executing
from ablate.study.arm import Arm
from ablate.study.conduct import prepare
from ablate.study.content import content
from ablate.study.estimate import runs_of_arm, trials_that_fit
from ablate.study.execute import execute, identity
from ablate.study.schedule import tried_of
from ablate.study.settings import Settings, budget
from ablate.train.setting import Setting


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory, cache: Path) -> Settings:
    return prepare(plan(tmp_path_factory.mktemp("nothing") / "out", cache), Seen()).settings


@pytest.fixture(scope="module")
def arm(settings: Settings) -> Arm:
    (backbone,) = settings._prepared
    return Arm(BASELINE.replace(backbone=backbone))


@pytest.fixture(scope="module")
def setting(settings: Settings, arm: Arm) -> Setting:
    return settings.of(arm.strategy)


def made(arm: Arm, setting: Setting, phase: str = "tune", seed: int = 1000, go_on: bool = True):
    body, arrays, _ = execute(arm, setting, phase, seed, 0, "truth", lambda step, curve: go_on, lambda step: None)
    return body, arrays


def test_the_same_plan_gives_the_same_record_twice(arm: Arm, setting: Setting):
    (one, arrays), (again, arrays_again) = (made(arm, setting, "confirm", 3) for _ in range(2))
    assert same(one, again)
    assert set(arrays) == set(arrays_again)
    for name in arrays:
        np.testing.assert_array_equal(arrays[name], arrays_again[name])
    assert one["measured"]["seconds"] > 0


def test_another_seed_gives_another_record(arm: Arm, setting: Setting):
    (one, _), (other, _) = (made(arm, setting, seed=seed) for seed in (1000, 1001))
    assert one["key"] != other["key"]
    assert one["curve"]["loss"] != other["curve"]["loss"]
    assert one["curve"]["steps"] == other["curve"]["steps"]


def test_a_confirmed_run_is_read_under_every_decision_rule(arm: Arm, setting: Setting):
    body, _ = made(arm, setting, "confirm", 3)
    assert list(body["decisions"]) == list(DECISIONS)
    for figures in body["decisions"].values():
        assert set(figures) == {
            *("macro_recall", "micro_recall", "precision", "alarms_per_document", "macro_f1", "micro_f1"),
        }
    # two of them are what the test figures are read by
    half, native = body["test"]["at_half"], body["decisions"]["native"]
    assert (native["macro_recall"], native["precision"]) == (half["macro_recall"], half["micro_precision"])
    adjusted = body["decisions"]["prior-adjusted"]
    assert adjusted["micro_recall"] == pytest.approx(body["test"]["as_deployed"]["micro_recall"], abs=0.01)


def test_a_run_that_is_only_tuned_is_not_read_on_test(arm: Arm, setting: Setting):
    assert "decisions" not in made(arm, setting)[0]


@dataclass(frozen=True)
class Spoil(Procedure):
    """Leaves the model without a finite score."""

    def finish(self, model, stats):
        with torch.no_grad():
            model.bias.fill_(float("nan"))


def test_scores_that_are_not_finite_are_a_failed_run_that_can_be_written(arm: Arm, setting: Setting, tmp_path):
    spoilt = replace(arm, strategy=arm.strategy.replace(procedure=Spoil()))
    body, arrays = made(spoilt, setting, "confirm", 0)
    assert (body["status"], body["reason"]) == ("failed", "a score on validation was not finite")
    assert (body["stability"]["verdict"], body["validation"], arrays) == ("failed", {}, {})
    assert "test" not in body
    Records(tmp_path).write(body, arrays)
    assert canonical(Records(tmp_path).read(body["key"])) == canonical(body)


def test_a_score_on_test_that_is_not_finite_is_a_failed_run_too(arm: Arm, setting: Setting, monkeypatch):
    scored = executing._scores

    def spoilt(*given):
        scores = scored(*given)
        return np.full_like(scores, np.inf) if given[-1] == "test" else scores

    monkeypatch.setattr(executing, "_scores", spoilt)
    body, arrays = made(arm, setting, "confirm", 0)
    assert (body["status"], body["reason"], arrays) == ("failed", "a score on test was not finite", {})
    assert "test" not in body
    assert made(arm, setting)[0]["status"] == "finished"  # a tuning run does not look there


def test_a_pruned_run_has_a_curve_and_no_figures(arm: Arm, setting: Setting):
    body, arrays = made(arm, setting, go_on=False)
    assert (body["status"], body["validation"], arrays) == ("pruned", {}, {})
    assert "stability" not in body
    assert len(body["curve"]["balanced"]) == 2
    one = tried_of(body, 5, {"head.dropout": 0.1})
    assert (one.number, one.value, one.pruned, len(one.curve)) == (5, None, True, 2)


def test_a_tuning_record_is_worth_its_balanced_recall_and_a_failed_one_nothing(arm: Arm, setting: Setting):
    body, _ = made(arm, setting)
    one = tried_of(body, 0, {})
    assert (one.value, one.pruned) == (body["validation"]["balanced_recall"], False)
    assert one.curve == tuple(body["curve"]["balanced"])
    failed = {**body, "status": "failed", "curve": {"balanced": [0.1, None]}}
    assert (tried_of(failed, 0, {}).value, tried_of(failed, 0, {}).curve) == (None, (0.1, 0.0))


def test_the_key_depends_on_everything_that_determines_the_run(arm: Arm, setting: Setting):
    named = identity(arm, setting, "tune", 1000)
    precision = "fp32" if setting.precision == "bf16" else "bf16"
    others = [
        identity(arm, setting, "confirm", 1000),
        identity(arm, setting, "tune", 1001),
        identity(arm.configured({"head.dropout": 0.2}), setting, "tune", 1000),
        *(
            identity(arm, replace(setting, **change), "tune", 1000)
            for change in ({"steps": 26}, {"batch_size": 8}, {"precision": precision}, {"alarms_per_document": 9.0})
        ),
        identity(arm, replace(setting, prepared=replace(setting.prepared, max_length=7)), "tune", 1000),
    ]
    assert len({key_of(one) for one in [named, *others]}) == len(others) + 1
    assert key_of(identity(arm, setting, "tune", 1000)) == key_of(named)


def test_content_is_texts_labels_names_and_split(setting: Setting):
    data = setting.prepared.dataset
    changed = [
        replace(data, texts=[*data.texts[:-1], "other"]),
        replace(data, labels=data.labels.take(np.arange(len(data.texts))[::-1])),
        replace(data, names=(*data.names[:-1], "other")),
        replace(data, split=data.split[::-1]),
    ]
    assert len({content(one) for one in [data, *changed]}) == 5
    assert content(replace(data, name="other", notes=("a note",))) == content(data)


def test_a_record_says_how_often_positives_were_drawn(arm: Arm, setting: Setting):
    body, _ = made(arm, setting)
    epochs = PLAN["steps"] * PLAN["batch_size"] / len(setting.prepared.rows["train"])
    assert set(body["drawn_positives"]) <= {"rare", "few", "medium", "head"}
    for drawn in body["drawn_positives"].values():
        assert drawn == pytest.approx(epochs, rel=0.3)


def test_vectors_of_random_weights_are_not_shared_between_runs(settings: Settings, arm: Arm):
    """They differ from seed to seed, so a frozen encoder from scratch stays in the loop."""
    frozen = settings.of(arm.strategy.replace(freezing=HeadOnly()))
    assert (frozen.frozen, frozen.standardiser) == (False, None)


def test_a_setting_is_made_once_for_all_arms_that_can_share_it(settings: Settings, arm: Arm):
    again = settings.of(arm.strategy.replace(name="other", loss=Strategy("x").loss))
    assert again is settings.of(arm.strategy)
    assert settings.encoder(arm.strategy.backbone) is again.encoder
    assert settings.prepared(TinyBert()) is not again.prepared


@pytest.mark.parametrize(
    ("dear", "documents", "asked", "expected"),
    [
        (False, 6000, (None, None), (400, 256)),  # ten passes of 6,000 are 234 steps: the fewest are 400
        (False, 20_000, (None, None), (781, 256)),
        (False, 10**6, (None, None), (1500, 256)),
        (True, 1000, (None, None), (300, 32)),
        (True, 10_000, (None, None), (938, 32)),  # three passes
        (True, 10**7, (None, None), (20_000, 32)),
        (False, 20_000, (None, 64), (1500, 64)),
        (True, 10_000, (77, 8), (77, 8)),
    ],
)
def test_steps_and_batches_are_as_asked_or_a_number_of_passes(dear: bool, documents: int, asked, expected):
    assert budget(dear, documents, *asked) == expected


@pytest.mark.parametrize(
    ("trials", "seeds", "runs"),
    [(1, 3, 4), (2, 3, 2 + 2 * 2 + 3), (3, 3, 3 + 3 * 2 + 3), (24, 5, 24 + 3 * 2 + 5)],
)
def test_an_arm_makes_its_trials_its_best_three_twice_more_and_its_fresh_seeds(trials: int, seeds: int, runs: int):
    assert runs_of_arm(trials, seeds) == runs


@pytest.mark.parametrize(
    ("seconds", "trials"),
    [
        (1.0, 24),  # 24 + 6 + 3 = 33 runs of 6 arms: 198 seconds of 660
        (3.4, 16),  # 198 * 3.4 = 673 are too many; 25 * 6 * 3.4 = 510 are not
        (20.0, 1),  # (5 + 6 + 3) * 6 * 20 are too many, 4 * 6 * 20 = 480 are not
        (1000.0, 1),
    ],
)
def test_as_many_trials_are_made_as_fit_the_time(seconds: float, trials: int):
    assert trials_that_fit(seconds, 6, 3, 11.0) == trials
