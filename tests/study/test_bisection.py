"""The search of a calibration, on made-up functions."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ablate.study.calibrate.bisection import Pair, Tried, nearest, search

TARGETS, TOLERANCE, MOST = (0.70, 0.45), 0.01, 12


def sigmoid(x: float) -> float:
    return 1 / (1 + math.exp(-x))


def learner(at: Pair) -> Pair:
    """Recall as a bag of words has it: micro by the level, macro by both levers, curved, within 0 to 1."""
    level, spread = at
    return sigmoid(5 * level + 0.5 * spread - 1.7), sigmoid(4 * level + 3 * spread - 3.6)


@pytest.mark.parametrize("start", [(0.5, 0.5), (0.0, 0.0), (1.0, 1.0), (0.1, 0.9)])
def test_both_targets_are_reached_with_a_dozen_measurements(start):
    tried = search(learner, start, TARGETS, TOLERANCE, MOST)
    assert tried[-1].miss(TARGETS) <= TOLERANCE
    assert nearest(tried, TARGETS) == tried[-1]


@settings(deadline=None)
@given(
    own=st.tuples(st.floats(0.3, 1), st.floats(0.3, 1)),
    shared=st.tuples(st.floats(0, 0.15), st.floats(0, 0.3)),
    goal=st.tuples(st.floats(0.05, 0.95), st.floats(0.05, 0.95)),
    start=st.tuples(st.floats(0, 1), st.floats(0, 1)),
)
def test_what_rises_with_its_lever_is_brought_to_any_target_inside(own, shared, goal, start):
    def plane(at: Pair) -> Pair:
        return own[0] * at[0] + shared[0] * at[1], own[1] * at[1] + shared[1] * at[0]

    targets = plane(goal)
    # moving one lever at a time shrinks the distance by at most (0.15 * 0.3) / (0.3 * 0.3) = 1/2 a round, unless a
    # limit of one lever has to wait for the other
    tried = search(plane, start, targets, TOLERANCE, 100)
    assert nearest(tried, targets).miss(targets) <= TOLERANCE


@settings(deadline=None)
@given(seed=st.integers(0, 10_000), most=st.integers(1, 15))
def test_noise_never_leads_out_of_the_limits_nor_beyond_the_number_of_measurements(seed, most):
    rng = np.random.default_rng(seed)
    tried = search(lambda at: (rng.random(), rng.random()), (0.3, 0.6), TARGETS, TOLERANCE, most)
    assert 1 <= len(tried) <= most
    assert all(0 <= place <= 1 for one in tried for place in one.at)


def test_a_target_out_of_reach_leaves_its_lever_at_the_limit_and_the_other_target_reached():
    def poor(at: Pair) -> Pair:
        micro, macro = learner(at)
        return micro, 0.5 * macro  # at micro 0.70 the whole range of the spread gives macro 0.38 at most

    tried = search(poor, (0.5, 0.5), TARGETS, TOLERANCE, 100)
    assert len(tried) < 20
    assert tried[-1].at[1] == 1.0
    assert tried[-1].reached[0] == pytest.approx(TARGETS[0], abs=TOLERANCE)
    assert tried[-1].reached[1] < 0.4


def test_levers_that_move_nothing_end_at_their_limits():
    tried = search(lambda at: (0.2, 0.9), (0.5, 0.5), TARGETS, TOLERANCE, 100)
    # up to 1 and down to 0 in quarters of the range: 2 steps each and the start
    assert [one.at for one in tried] == [(0.5, 0.5), (0.75, 0.5), (1.0, 0.5), (1.0, 0.25), (1.0, 0.0)]


def test_nearest_is_judged_by_the_larger_distance():
    even, odd = Tried((0.1, 0.1), (0.67, 0.42)), Tried((0.2, 0.2), (0.70, 0.40))  # distances .03 and .03; 0 and .05
    assert nearest((odd, even), TARGETS) is even
