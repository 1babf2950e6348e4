"""Effects of designs: contrasts worked by hand, paired by seed, and intervals that cover."""

from __future__ import annotations

import csv
import io
import json
from itertools import combinations

import numpy as np
import pytest
from planted_studies import confirm

from ablate.ablation import DESIGNS
from ablate.results import effects_table
from ablate.results.board import board
from ablate.results.effects import contrast, contrasts, designed, effects
from ablate.results.formats import markdown, text, to_json
from ablate.results.record import Records, rounded
from ablate.results.statistics import Sample, interval, paired


def sample(values, spread: float = 0.0, seeds: tuple[int, ...] | None = None) -> Sample:
    values = np.array(values, dtype=np.float64)
    noise = spread * np.random.default_rng(0).normal(size=50)
    return Sample(seeds or tuple(range(len(values))), values, values[:, None] + noise)


def subset(name: str) -> frozenset[str]:
    """``"ab"`` are the parts a and b."""
    return frozenset(name)


def answers(design: str, parts: str, means: dict[str, float]) -> dict[tuple[str, str], float]:
    arms = {subset(name): (sample([mean] * 2), sample([mean / 2] * 2)) for name, mean in means.items()}
    rows = effects(design, parts, arms)["rows"]
    assert all(row["micro"]["mean"] == pytest.approx(row["macro"]["mean"] / 2) for row in rows)
    return {(row["effect"], "".join(row["parts"])): row["macro"]["mean"] for row in rows}


def test_the_contrasts_of_a_two_squared_factorial_are_those_of_the_textbook():
    # Montgomery, Design and Analysis of Experiments, section 6.2: yield by concentration (a) and catalyst (b), totals
    # of three runs 80, 100, 60, 90: A = 8.33, B = -5.00, AB = 1.67, which is half of the difference of differences
    found = answers("factorial", "ab", {"": 80 / 3, "a": 100 / 3, "b": 60 / 3, "ab": 90 / 3})
    assert found == {
        ("main", "a"): pytest.approx(8.33, abs=0.01),
        ("main", "b"): pytest.approx(-5.0),
        ("interaction", "ab"): pytest.approx(2 * 1.67, abs=0.01),
    }


def test_leave_one_out_tells_alone_and_given_the_others():
    means = {"": 40, "a": 45, "b": 41, "c": 40, "ab": 47, "ac": 46, "bc": 44, "abc": 50}
    assert answers("leave-one-out", "abc", means) == pytest.approx(
        {
            ("alone", "a"): 5,  # 45 - 40
            ("given the others", "a"): 6,  # 50 - 44
            ("difference", "a"): 1,
            ("alone", "b"): 1,
            ("given the others", "b"): 4,  # 50 - 46
            ("difference", "b"): 3,
            ("alone", "c"): 0,
            ("given the others", "c"): 3,  # 50 - 47
            ("difference", "c"): 3,
        }
    )


def test_a_pairwise_design_averages_over_the_base_and_each_other_part():
    means = {"": 40, "a": 45, "b": 41, "c": 40, "ab": 47, "ac": 46, "bc": 44}
    assert answers("pairwise", "abc", means) == pytest.approx(
        {
            ("main", "a"): (5 + 6 + 6) / 3,  # a - base, ab - b, ac - c
            ("main", "b"): (1 + 2 + 4) / 3,
            ("main", "c"): (0 + 1 + 3) / 3,
            ("interaction", "ab"): 1,  # 47 - 45 - 41 + 40
            ("interaction", "ac"): 1,
            ("interaction", "bc"): 3,
        }
    )


def test_a_factorial_averages_over_all_sets_of_other_parts():
    # y = 40 + 5a + 1b + 0c + 2ab + 4abc: the effect of a is 5 + 2b + 4bc, its mean 5 + 1 + 1
    means = {
        "".join(s): 40 + 5 * ("a" in s) + ("b" in s) + 2 * ({"a", "b"} <= set(s)) + 4 * (len(s) == 3)
        for size in range(4)
        for s in combinations("abc", size)
    }
    found = answers("factorial", "abc", means)
    assert found[("main", "a")] == pytest.approx(7)
    assert found[("main", "b")] == pytest.approx(1 + 1 + 1)
    assert found[("main", "c")] == pytest.approx(1)
    assert found[("interaction", "ab")] == pytest.approx(2 + 2)  # 2 + 4c
    assert found[("interaction", "ac")] == pytest.approx(2)  # 4b


@pytest.mark.parametrize("design", DESIGNS)
@pytest.mark.parametrize("parts", ["", "a", "ab", "abcd"])
def test_a_contrast_asks_for_no_arm_that_its_design_lacks_and_its_weights_add_up_to_zero(design: str, parts: str):
    sizes = DESIGNS[design](len(parts))
    for asked in contrasts(design, parts):
        assert {len(s) for s in asked.weights} <= sizes
        assert sum(asked.weights.values()) == pytest.approx(0)
        assert {s ^ frozenset(asked.parts) <= frozenset(parts) for s in asked.weights} == {True}


def test_designs_of_single_parts_have_no_effects():
    assert list(contrasts("add-one-in", "abc")) == []
    assert list(contrasts("pairwise", "")) == []


def test_a_difference_of_two_arms_is_the_paired_difference_of_the_board():
    a, b = sample([0.5, 0.6, 0.9], 0.03, (1, 2, 3)), sample([0.1, 0.3, 0.4], 0.02, (0, 2, 1))
    mine = contrast({subset("a"): 1.0, subset(""): -1.0}, {subset("a"): a, subset(""): b})
    theirs = paired(a, b)
    assert mine.seeds == theirs.seeds == (1, 2)
    assert mine.values.tolist() == theirs.values.tolist()
    assert interval(mine) == interval(theirs)


def test_what_seeds_share_cancels_over_four_arms():
    shared = np.array([0.0, 0.1, -0.1, 0.05])
    means = {"": 0.4, "a": 0.45, "b": 0.41, "ab": 0.48}
    arms = {subset(name): sample(mean + shared, spread=0.05) for name, mean in means.items()}
    (asked,) = [c for c in contrasts("pairwise", "ab") if c.effect == "interaction"]
    found = interval(contrast(asked.weights, arms))
    assert (found.mean, found.low, found.high) == pytest.approx((0.02, 0.02, 0.02))


def test_arms_without_a_common_seed_have_no_effect():
    arms = {subset(""): (sample([1.0], seeds=(0,)),) * 2, subset("a"): (sample([2.0], seeds=(1,)),) * 2}
    (row,) = effects("pairwise", "a", arms)["rows"]
    assert (row["macro"], row["seeds"], row["missing"]) == (None, 0, [])


def test_an_effect_whose_arm_is_missing_is_none_and_names_it():
    both = (sample([1.0, 1.0]),) * 2
    arms = {subset(name): both for name in ("", "a", "b")}
    rows = {(r["effect"], *r["parts"]): r for r in effects("factorial", ["b", "a"], arms)["rows"]}
    assert rows["main", "a"]["macro"] is None
    assert rows["main", "a"]["missing"] == ["b+a"]  # parts in the order of the design
    assert {tuple(row["missing"]) for row in rows.values()} == {("b+a",)}


def place(parts: str, among: str = "ab", name: str = "leave-one-out") -> dict:
    return {"design": {"name": name, "among": list(among), "parts": list(parts)}}


def test_a_part_that_has_no_run_yet_is_not_forgotten():
    """All parts are those that the design combines, not those that happen to have finished."""
    runs = sample([1.0, 1.0])
    found = designed(
        [(place("", "abc"), runs, runs), (place("a", "abc"), runs, runs), (place("ab", "abc"), runs, runs)]
    )
    rows = {(r["effect"], *r["parts"]): r for r in found["effects"]["rows"]}
    assert rows["alone", "a"]["macro"]["mean"] == 0
    assert rows["given the others", "a"]["missing"] == ["a+b+c", "b+c"]


def planted(store: Records, design: str = "leave-one-out", lacking: str = "") -> dict:
    for parts, evidence in (("", 3.0), ("a", 4.0), ("b", 3.2), ("ab", 4.4)):
        for seed in range(3):
            if parts != lacking or not lacking:
                confirm(store, "+".join(parts) or "baseline", seed, evidence, **place(parts, name=design))
        confirm(store, "as-asked", 0, 2.0)
    return board(store.all(), store, {}, draws=200)


def test_a_board_shows_the_effects_of_its_design_in_every_format(store: Records):
    found = planted(store)
    rows = {row["strategy"]: row for row in found["rows"]}
    effect = {(r["effect"], *r["parts"]): r["macro"] for r in found["effects"]["rows"]}
    # alone is the difference that the board shows, interval and all
    assert effect["alone", "a"] == rows["a"]["delta_macro"]
    means = {name: row["macro_recall_at_budget"]["mean"] for name, row in rows.items()}
    assert effect["given the others", "a"]["mean"] == pytest.approx(means["a+b"] - means["b"])
    assert json.loads(to_json(found))["effects"] == rounded(found["effects"])
    for shown in (text(found), markdown(found)):
        assert "What a part adds (leave-one-out)" in shown
        assert "given the others" in shown
    lines = list(csv.DictReader(io.StringIO(effects_table.files(found)["effects.csv"])))
    assert [(line["effect"], line["parts"]) for line in lines[:2]] == [("alone", "a"), ("given the others", "a")]
    assert float(lines[0]["macro_low"]) == pytest.approx(effect["alone", "a"]["low"])


def test_a_board_names_the_arms_that_an_effect_waits_for(store: Records):
    shown = text(planted(store, "pairwise", lacking="ab"))
    assert "-: no finished run of a+b." in shown


@pytest.mark.parametrize("design", ["leave-one-out", "pairwise"])
@pytest.mark.parametrize("width", [30, 60, 100])
def test_the_table_is_never_wider_than_the_terminal(store: Records, design: str, width: int):
    found = planted(store, design)
    for row in found["effects"]["rows"]:
        row["parts"] = [f"{part}-with-a-long-name" for part in row["parts"]]
    found["effects"]["parts"] = [f"{part}-with-a-long-name" for part in found["effects"]["parts"]]
    shown = effects_table.lines(found, width)
    assert max(map(len, shown)) <= width
    if width != 60:  # names are cut only where nothing else can be left out
        assert any("~" in line for line in shown) == (width == 30)


def test_a_board_without_a_design_says_nothing_of_effects(store: Records):
    confirm(store, "baseline", 0, 3.0)
    found = board(store.all(), store, {}, draws=50)
    assert "effects" not in found
    assert effects_table.lines(found, 100) == effects_table.markdown(found) == []
    assert effects_table.files(found) == {}


def covered(seed: int, runs: int) -> dict[str, bool]:
    """Whether the intervals of a simulated 2^3 factorial hold the true effects.

    A run has noise of its own and noise that its seed shares with all arms; a document moves all arms together and
    each of them a little, and the draws of documents are those of a bootstrap.
    """
    rng = np.random.default_rng([13, runs, seed])
    documents, draws = 200, 200
    true = {
        frozenset(s): 0.4 + 0.02 * len(s) + 0.03 * ({"a", "b"} <= set(s))
        for n in range(4)
        for s in combinations("abc", n)
    }
    drawn = rng.multinomial(documents, np.full(documents, 1 / documents), size=draws) / documents
    both, by_seed = rng.normal(size=documents) * 0.3, rng.normal(size=runs) * 0.02
    arms = {}
    for s, mean in true.items():
        each = mean + both + rng.normal(size=documents) * 0.15
        own = by_seed + rng.normal(size=runs) * 0.01
        arms[s] = (Sample(tuple(range(runs)), each.mean() + own, own[:, None] + drawn @ each),) * 2
    right = {"main a": 0.02 + 0.015, "main c": 0.02, "interaction a b": 0.03, "interaction a c": 0.0}
    found = {" ".join([r["effect"], *r["parts"]]): r["macro"] for r in effects("factorial", "abc", arms)["rows"]}
    return {name: found[name]["low"] <= value <= found[name]["high"] for name, value in right.items()}


@pytest.mark.slow
@pytest.mark.parametrize("runs", [3, 5])
def test_nominal_95_percent_intervals_of_effects_cover_at_least_92(runs: int):
    studies = [covered(seed, runs) for seed in range(400)]
    for name in studies[0]:
        assert np.mean([one[name] for one in studies]) >= 0.92, name
