"""What a study gives up for a time budget, on made-up timings."""

from __future__ import annotations

import pytest

from ablate.errors import AblateError
from ablate.study.estimate import runs_of_arm
from ablate.study.hours import Size, fit, given_up, smaller

FULL = Size(steps=1000, trials=24, seeds=5)


def seconds(size: Size) -> float:
    """Four arms, 10 s of evaluations and 0.05 s a step."""
    return 4 * runs_of_arm(size.trials, size.seeds) * (10 + 0.05 * size.steps)


@pytest.mark.parametrize(
    ("hours", "expected"),
    [
        (2.4, FULL),  # 4 x (24 + 6 + 5) = 140 runs of 60 s: 8,400 s, 2.33 h
        (2.0, Size(1000, 19, 5)),  # 120 runs in 7,200 s: 30 of an arm, 6 + 5 of them beside the trials
        (1.1, Size(1000, 5, 5)),  # 66 runs: 16 of an arm, 5 + 6 + 5
        (1.0, Size(1000, 5, 4)),  # 60 runs: 15 of an arm, so four seeds
        (0.5, Size(442, 5, 3)),  # 56 runs in 1,800 s: 32.14 s each; (32.14 - 10) / 0.05 = 442.9
    ],
)
def test_trials_go_first_then_seeds_then_steps(hours: float, expected: Size):
    assert fit(FULL, (), seconds, hours) == expected


@pytest.mark.parametrize(
    ("given", "hours", "expected"),
    [
        (("trials",), 2.0, Size(890, 24, 3)),  # 4 x 33 = 132 runs in 7,200 s: 54.55 s; 44.55 / 0.05 = 890.9
        (("trials", "seeds"), 2.0, Size(828, 24, 5)),  # 140 runs in 7,200 s: 51.43 s; 41.43 / 0.05 = 828.6
        (("steps",), 1.0, Size(1000, 5, 4)),
    ],
)
def test_what_was_given_is_never_changed(given: tuple[str, ...], hours: float, expected: Size):
    assert fit(FULL, given, seconds, hours) == expected


def test_a_budget_that_even_the_smallest_study_exceeds_is_refused_with_what_would_do():
    # 56 runs of 10 + 0.05 x 250 = 22.5 s: 1,260 s, 0.35 h
    with pytest.raises(AblateError, match=r"^--hours 0\.3 is too little: 5 trials, 3 seeds and 250 steps of every arm"):
        fit(FULL, (), seconds, 0.3)
    with pytest.raises(AblateError, match=r"take about 21 min; give --hours 0\.35 or fewer --strategies$"):
        fit(FULL, (), seconds, 0.3)
    assert fit(FULL, (), seconds, 0.35) == Size(250, 5, 3)


def test_a_study_that_was_wholly_given_fits_or_is_refused():
    given = ("steps", "trials", "seeds")
    assert fit(FULL, given, seconds, 2.4) == FULL
    with pytest.raises(AblateError, match=r"give --hours 2\.4 or"):  # 8,400 s are 2.33 h
        fit(FULL, given, seconds, 2.3)


def test_sizes_get_smaller_one_thing_at_a_time():
    sizes = list(smaller(Size(100, 7, 4), ()))
    assert sizes[:4] == [Size(100, 7, 4), Size(100, 6, 4), Size(100, 5, 4), Size(100, 5, 3)]
    assert (sizes[4], sizes[-1]) == (Size(99, 5, 3), Size(25, 5, 3))
    assert list(smaller(Size(60, 3, 2), ()))[-1] == Size(
        25, 3, 2
    )  # a quarter were 15, the fewest that a plan has are 25


def test_what_was_given_up_is_said():
    assert given_up(FULL, FULL) == "nothing was given up"
    assert given_up(FULL, Size(442, 5, 3)) == (
        "5 trials instead of 24, 3 seeds instead of 5, 442 steps instead of 1,000"
    )
