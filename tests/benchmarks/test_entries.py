"""What a module measures is checked before it is written."""

from __future__ import annotations

import pytest

from benchmarks.ratios.entry import check, entry, side_by_side, times_faster

KEYS = {"one": 2.0}


def runs(*pairs: tuple[float, float]) -> list[dict[str, float]]:
    return [{"ours_seconds": ours, "theirs_seconds": theirs} for ours, theirs in pairs]


def test_the_ratio_is_the_median_over_repeats_of_theirs_per_ours():
    # 8/2 = 4, 9/3 = 3, 50/1 = 50 (a repeat in which something else ran): the median is 4, the mean would be 19
    assert times_faster(runs((2, 8), (3, 9), (1, 50))) == 4


def test_sides_take_turns():
    order = []

    def side(name: str, seconds: float):
        def work() -> float:
            order.append(name)
            return seconds

        return work

    measured = side_by_side(side("ours", 1.0), side("theirs", 2.0), repeats=3)
    assert order == ["ours", "theirs"] * 3
    assert measured == runs((1, 2), (1, 2), (1, 2))


def test_a_whole_entry_passes():
    found = {"one": entry(2.0, runs((1, 3), (1, 2), (2, 8)), "told")}
    assert check(found, KEYS)["one"] == {"value": 3.0, "goal": 2.0, "runs": found["one"]["runs"], "note": "told"}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"value": float("nan")}, "one: the ratio is nan"),
        ({"value": 0.0}, "one: the ratio is 0.0"),
        ({"goal": 1.0}, r"one: the goal is 1.0 here and 2.0 in KEYS"),
        ({"runs": runs((1, 3), (1, 2))}, "one: 2 repeats, not 3 or more"),
    ],
)
def test_an_entry_that_would_mislead_is_refused(change, message):
    one = entry(2.0, runs((1, 3), (1, 2), (2, 8)), "told") | change
    with pytest.raises(ValueError, match=message):
        check({"one": one}, KEYS)


def test_a_missing_field_and_a_missing_key_are_named():
    with pytest.raises(ValueError, match="one: no note"):
        check({"one": {"value": 1.0, "goal": 2.0, "runs": []}}, KEYS)
    with pytest.raises(ValueError, match=r"measured \[\], declared \['one'\]"):
        check({}, KEYS)
