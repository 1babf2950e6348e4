from __future__ import annotations

import itertools
import math
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ablate.space import Choice, Real, Whole
from ablate.study.propose import BATCH, DESIGN, Tried, batch_of, behind, frozen, propose

COMMON = {"optimizer.scale": Real(0.1, 10.0, log=True), "head.dropout": Real(0.0, 0.5)}
FOCAL = {"loss.gamma": Real(0.5, 5.0), **COMMON}
LAYERS = {**COMMON, "freezing.layers": Whole(1, 4), "head.kind": Choice(["a", "b", "c"])}
DEFAULTS = {"optimizer.scale": 1.0, "head.dropout": 0.1, "loss.gamma": 2.0, "freezing.layers": 2, "head.kind": "a"}


def points(space: dict, seed: str = "focal") -> list[dict]:
    return [propose(number, space, DEFAULTS, [], seed) for number in range(1, DESIGN + 1)]


def history(numbers: range, space: dict = FOCAL) -> list[Tried]:
    """Trials whose worth rises with the rate."""
    made = []
    for number in numbers:
        parameters = {"optimizer.scale": 0.2 * (number + 1), "head.dropout": 0.05 * (number % 9)}
        parameters |= {"loss.gamma": 0.5 + number % 4} if space is FOCAL else {}
        made.append(Tried(number, parameters, 0.02 * number))
    return made


def test_trial_0_is_the_defaults():
    assert propose(0, FOCAL, DEFAULTS, history(range(5)), "focal") == {path: DEFAULTS[path] for path in FOCAL}


def test_an_arm_with_nothing_to_tune_proposes_nothing():
    assert propose(0, {}, DEFAULTS, [], "x") == propose(3, {}, DEFAULTS, [], "x") == {}


def test_batches_are_the_defaults_and_then_fours():
    assert [batch_of(number) for number in range(10)] == [0, 1, 1, 1, 1, 2, 2, 2, 2, 3]


def test_the_design_gives_every_arm_the_same_common_parameters():
    for one, other in itertools.pairwise([points(FOCAL), points(LAYERS, "last-layers"), points(COMMON, "baseline")]):
        for path in COMMON:
            assert [p[path] for p in one] == [p[path] for p in other]


def test_the_design_gives_arms_other_values_of_their_own_parameters():
    one, other = points(FOCAL, "focal"), points(FOCAL, "focal-2")
    assert [p["loss.gamma"] for p in one] != [p["loss.gamma"] for p in other]


@pytest.mark.parametrize("path", [*COMMON, "loss.gamma"])
def test_the_design_has_one_point_in_each_eighth_of_a_range(path: str):
    mark = FOCAL[path]
    scale = math.log if mark.log else float
    low, high = scale(mark.low), scale(mark.high)
    eighths = [int(8 * (scale(p[path]) - low) / (high - low)) for p in points(FOCAL)]
    assert sorted(eighths) == list(range(8))


@settings(deadline=None, max_examples=40)
@given(st.text(max_size=8), st.integers(1, DESIGN))
def test_the_design_stays_inside_every_range(seed: str, number: int):
    point = propose(number, LAYERS, DEFAULTS, [], seed)
    assert list(point) == list(LAYERS)
    assert 0.1 <= point["optimizer.scale"] <= 10
    assert 0 <= point["head.dropout"] <= 0.5
    assert point["freezing.layers"] in (1, 2, 3, 4)
    assert point["head.kind"] in ("a", "b", "c")


def test_the_design_does_not_look_at_results():
    for number in range(1, DESIGN + 1):
        assert propose(number, FOCAL, DEFAULTS, history(range(number)), "focal") == points(FOCAL)[number - 1]


@pytest.mark.parametrize("number", [9, 10, 12, 13, 23])
def test_a_later_trial_depends_on_earlier_batches_alone(number: int):
    first = 1 + BATCH * ((number - 1) // BATCH)  # of its own batch
    earlier, same, later = history(range(first)), history(range(first, first + 4)), history(range(first + 4, 40))
    expected = propose(number, FOCAL, DEFAULTS, earlier, "focal")
    others = [one for one in same if one.number != number]
    for tried in ([*earlier, *others], [*others, *earlier], [*earlier, *others, *later], list(reversed(earlier))):
        assert propose(number, FOCAL, DEFAULTS, tried, "focal") == expected


def test_a_later_trial_learns_from_earlier_batches():
    rising = history(range(25))
    falling = [replace(one, value=1 - one.value) for one in rising]
    up, down = ([propose(n, FOCAL, DEFAULTS, tried, "focal") for n in range(25, 29)] for tried in (rising, falling))
    assert min(p["optimizer.scale"] for p in up) > max(p["optimizer.scale"] for p in down)


def test_the_trials_of_a_batch_differ_and_are_the_same_when_asked_again():
    tried = history(range(9))
    first = [propose(number, FOCAL, DEFAULTS, tried, "focal") for number in range(9, 13)]
    again = [propose(number, FOCAL, DEFAULTS, tried, "focal") for number in (12, 11, 10, 9)]
    assert first == again[::-1]
    assert len({p["optimizer.scale"] for p in first}) == 4


def test_proposals_stay_inside_every_range():
    tried = [
        Tried(n, propose(n, LAYERS, DEFAULTS, [], "x"), 0.1 * n, pruned=n == 3, curve=(0.1, 0.2)) for n in range(9)
    ]
    for number in range(9, 17):
        point = propose(number, LAYERS, DEFAULTS, tried, "x")
        assert list(point) == list(LAYERS)
        assert all(mark._contains(mark.to_internal_repr(point[path])) for path, mark in LAYERS.items())


def test_a_failed_trial_counts_as_the_worst():
    tried = history(range(9))
    failed, worst = ([*tried[:8], replace(tried[8], value=value)] for value in (None, 0.0))
    for number in range(9, 13):
        assert propose(number, FOCAL, DEFAULTS, failed, "f") == propose(number, FOCAL, DEFAULTS, worst, "f")
    assert frozen(failed[8], FOCAL).value == 0.0


def test_a_pruned_trial_is_known_by_its_curve():
    one = frozen(Tried(4, dict(DEFAULTS), None, (0.1, 0.3), pruned=True), FOCAL)
    assert (one.state.name, one.intermediate_values) == ("PRUNED", {0: 0.1, 1: 0.3})


# Five earlier trials whose best points up to point 5 are .30 .32 .34 .36 .38: the median is .34.
CURVES = [(0.0, *[0.2] * 4, 0.30 + 0.02 * k, 0.9) for k in range(5)]
EARLIER = [Tried(number, {}, 0.9, curve) for number, curve in enumerate(CURVES)]


@pytest.mark.parametrize(
    ("curve", "expected"),
    [
        ((0.0, 0.1, 0.1, 0.1, 0.1, 0.33), True),
        ((0.0, 0.1, 0.1, 0.1, 0.1, 0.34), False),  # the median itself is not behind
        ((0.0, 0.35, 0.1, 0.1, 0.1, 0.1), False),  # its best point so far counts, not its last
        ((0.0, 0.0, 0.0, 0.0, 0.0), False),  # a fifth of 25 points is not yet over
        ((0.0, 0.1, 0.1, 0.1, 0.1, 0.33, 0.5), True),  # at point 6 the others' best is .9
    ],
)
def test_a_run_is_behind_where_its_best_is_below_the_median_of_earlier_bests(curve: tuple[float, ...], expected: bool):
    assert behind(curve, EARLIER, 5) is expected


def test_nothing_is_behind_fewer_than_four_earlier_trials():
    low = (0.0,) * 6
    assert not behind(low, EARLIER[:3], 9)
    assert behind(low, EARLIER[:4], 9)


def test_only_trials_of_earlier_batches_are_compared_with():
    low = (0.0,) * 6
    assert not behind(low, EARLIER, 4)  # trial 4 is in batch 1 with 1 to 3: trial 0 alone came before
    assert behind(low, EARLIER, 5)
    assert behind(low, list(reversed(EARLIER)), 5)


def test_trials_that_were_pruned_before_this_point_are_not_compared_with():
    short = [replace(one, curve=one.curve[:5]) for one in EARLIER[:2]]
    assert not behind((0.0,) * 6, [*short, *EARLIER[2:]], 5)
