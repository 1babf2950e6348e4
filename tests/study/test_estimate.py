"""What a study is said to cost before it runs, with a made-up clock."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from small_study import Seen, plan

from ablate.errors import AblateError
from ablate.study import ready as settling
from ablate.study import resolve
from ablate.study.estimate import Cost, Probe, flop_of_step
from ablate.study.hours import Size
from ablate.study.ready import prepare

MADE_UP = Probe(Cost(10.0, 0.05), 640.0, None)


@pytest.fixture(autouse=True)
def made_up_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settling, "probe", lambda strategy, setting: MADE_UP)


def test_a_time_budget_settles_what_was_left_open_and_resuming_keeps_it(tmp_path, cache: Path):
    # three arms, 15 s a run: (24 + 6 + 2) x 3 = 96 runs are 1,440 s; 0.25 h are 900 s, 60 runs, 20 of an arm
    seen = Seen()
    first = prepare(plan(tmp_path / "out", cache, trials=None, steps=100, hours=0.25), seen)
    assert first.size == Size(100, 12, 2)
    assert "hours: 12 trials instead of 24; about 15 min of the 0.25 h asked for" in seen.said
    resolve.write(first.plan, first.settled, first.out)
    assert "hours" not in (first.out / "study.toml").read_text()
    again = prepare(plan(tmp_path / "out", cache, trials=None, steps=100, hours=0.001), Seen())
    assert again.size == first.size


def test_two_workers_do_twice_as_much_in_a_time_budget(tmp_path, cache: Path):
    two = plan(tmp_path / "out", cache, trials=None, steps=100, hours=0.15, workers=2)
    assert prepare(two, Seen()).size == Size(100, 16, 2)  # 2 x 540 s of 15 s: 72 runs, 24 of an arm


def test_steps_are_those_of_every_run(tmp_path, cache: Path):
    # 3 x (2 + 4 + 2) = 24 runs in 360 s: 15 s each, 5 of them steps of 0.05 s; by itself a bag makes 400 steps
    made = prepare(plan(tmp_path / "out", cache, steps=None, hours=0.1), Seen())
    assert made.size == Size(100, 2, 2)
    assert made.settings.of(made.arms[0].strategy).steps == 100


def test_a_time_budget_that_is_too_small_is_refused_and_nothing_is_written(tmp_path, cache: Path):
    with pytest.raises(AblateError, match=r"^--hours 0\.01 is too little: 2 trials, 2 seeds and 25 steps of every arm"):
        prepare(plan(tmp_path / "out", cache, hours=0.01), Seen())
    assert not (tmp_path / "out").exists()


def test_a_share_of_the_peak_is_said_where_it_means_something():
    assert MADE_UP.told == "640 documents/s"
    assert Probe(Cost(1.0, 1.0), 1234.5, 0.31).told == "1,234 documents/s, 31% of the peak of a matrix product"


def test_a_step_costs_six_operations_for_each_trained_weight_and_token(tmp_path, cache: Path):
    made = prepare(plan(tmp_path / "out", cache, backbone="tiny-bert", max_length=12), Seen())
    strategy = made.arms[0].strategy
    setting = made.settings.of(strategy)
    prepared = setting.prepared
    tokens = 32 * np.minimum(prepared.lengths[prepared.rows["train"]], 12).mean()
    weights = {layer.index: sum(p.numel() for p in parts) for layer, parts in setting.encoder.layers()}
    depth, width = setting.encoder.depth, setting.encoder.width
    inside = sum(count for index, count in weights.items() if 0 < index <= depth)
    above = weights.get(depth + 1, 0) + 64 * width  # 64 labels; the biases of the labels are no product
    assert flop_of_step(strategy, setting) == pytest.approx(6 * (tokens * inside + 32 * above), rel=1e-3)


def test_looking_words_up_is_no_matrix_work(tmp_path, cache: Path):
    made = prepare(plan(tmp_path / "out", cache), Seen())
    assert flop_of_step(made.arms[0].strategy, made.settings.of(made.arms[0].strategy)) is None
