"""Schedules: ends, warm-up, and the neutral share."""

import math

import pytest

from ablate.components.schedule import ConstantRate, CosineDecay, WarmupShare
from ablate.factors import Schedule

ALL = [Schedule(), ConstantRate(), CosineDecay(), WarmupShare(), WarmupShare(0.0), WarmupShare(0.5)]


@pytest.mark.parametrize("schedule", ALL, ids=repr)
def test_a_factor_lies_between_nothing_and_the_full_rate(schedule):
    factors = [schedule.scale(step / 1000) for step in range(1001)]
    assert min(factors) >= 0
    assert max(factors) == pytest.approx(1, abs=0.01)


@pytest.mark.parametrize("schedule", [Schedule(), ConstantRate(), CosineDecay()], ids=repr)
def test_the_first_tenth_warms_up(schedule):
    assert schedule.scale(0.05) == pytest.approx(0.5)
    assert schedule.scale(0.1) == pytest.approx(1.0)


def test_a_constant_rate_stays_to_the_end():
    assert {ConstantRate().scale(share) for share in (0.1, 0.5, 1.0)} == {1.0}


def test_a_cosine_is_at_half_height_in_the_middle_and_at_nothing_in_the_end():
    # halfway between .1 and 1; at a third of the way (1 + cos 60 degrees) / 2
    assert CosineDecay().scale(0.55) == pytest.approx(0.5)
    assert CosineDecay().scale(0.4) == pytest.approx((1 + math.cos(math.pi / 3)) / 2)
    assert CosineDecay().scale(1.0) == pytest.approx(0.0)


def test_the_share_of_the_warm_up_is_a_field():
    assert WarmupShare(0.2).scale(0.1) == pytest.approx(0.5)
    assert WarmupShare(0.0).scale(0.25) == pytest.approx(0.75)
    assert [WarmupShare(0.1).scale(k / 9) for k in range(10)] == [Schedule().scale(k / 9) for k in range(10)]
