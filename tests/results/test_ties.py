from __future__ import annotations

import numpy as np
import pytest
from planted_studies import confirm, study
from scipy import stats

from ablate.results.board import board
from ablate.results.columns import rank, ranks
from ablate.results.formats import text
from ablate.results.lead import lead
from ablate.results.record import Records
from ablate.results.statistics import Sample
from ablate.results.story import sentence
from ablate.results.ties import pairwise


def sample(values, documents: float = 0.0, seed: int = 0, seeds=None) -> Sample:
    """Runs with these values, whose documents add a deviation of their own."""
    values = np.array(values, dtype=np.float64)
    noise = documents * np.random.default_rng(seed).normal(size=4000)
    return Sample(tuple(seeds or range(len(values))), values, values[:, None] + noise)


def test_two_rows_have_their_t_interval():
    a, b = [0.52, 0.55, 0.53, 0.56], [0.50, 0.50, 0.51, 0.50]
    found = pairwise([sample(a), sample(b)])
    apart = np.subtract(a, b)  # .02, .05, .02, .06
    half = stats.t.ppf(0.975, 3) * apart.std(ddof=1) / 2
    assert found.means[0, 1] == pytest.approx(0.0375)
    assert found.halves[0, 1] == pytest.approx(half)
    assert found.interval(1, 0).mean == pytest.approx(-0.0375)
    assert found.interval(1, 0).high == pytest.approx(half - 0.0375)


def test_noise_of_seeds_and_of_documents_adds_up_as_squares():
    values = [0.02, 0.05, 0.02, 0.06]
    found = pairwise([sample(values, documents=0.02), sample([0.0] * 4)])
    seeds = stats.t.ppf(0.975, 3) * np.std(values, ddof=1) / 2
    assert found.halves[0, 1] == pytest.approx(np.hypot(seeds, 1.96 * 0.02), rel=0.03)


def test_more_rows_make_every_interval_wider():
    rng = np.random.default_rng(0)
    rows = [sample(0.5 + 0.01 * rng.normal(size=5)) for _ in range(3)]
    alone = pairwise(rows[:2]).halves[0, 1]
    # three pairs: each misses with 1 - .95 ** (1 / 3) = .01695 (Sidak)
    assert pairwise(rows).halves[0, 1] / alone == pytest.approx(stats.t.isf(0.01695 / 2, 4) / 2.7764, rel=1e-3)


def test_ranks_are_those_that_no_interval_contradicts():
    # two rows close together, two far below, of which the last is far below all
    wobble = np.array([-1, 1, -1, 1, 0]) * 0.001
    rows = [sample(0.50 + wobble), sample(0.501 - wobble), sample(0.3 + wobble), sample(0.1 - wobble)]
    found = pairwise(rows)
    assert [found.ranks(i) for i in range(4)] == [(1, 2), (1, 2), (3, 3), (4, 4)]


def test_rows_with_one_common_seed_are_told_from_nobody():
    rows = [sample([0.9, 0.9], seeds=(0, 1)), sample([0.1, 0.1], seeds=(1, 2)), sample([0.5])]
    found = pairwise(rows)
    assert not found.above.any()
    assert found.interval(0, 1) is None
    assert [found.ranks(i) for i in range(3)] == [(1, 3)] * 3


def test_one_row_alone_and_equal_rows():
    assert pairwise([sample([0.5, 0.6])]).ranks(0) == (1, 1)
    equal = pairwise([sample([0.5, 0.6, 0.7])] * 4)
    assert not equal.above.any()
    assert equal.halves.max() == 0


def test_a_board_names_who_cannot_be_told_from_its_leader(store: Records):
    study(store, {"baseline": 3.0, "strong": 4.5, "as strong": 4.5})
    found = board(store.all(), store, {}, draws=200)
    assert [(r["strategy"], rank(r), ranks(r)) for r in found["rows"]] == [
        ("as strong", "1*=", "1-2"),
        ("strong", "2*=", "1-2"),
        ("baseline", "3", "3"),
    ]
    assert found["leader"]["tied"] == ["strong"]
    assert found["leader"]["told_from_next"] is False
    assert "not to be told from strong" in sentence(found)
    baseline = found["rows"][2]
    assert baseline["tied_with_leader"] is False
    assert baseline["delta_to_leader"]["high"] < 0
    assert "= not to be told from the leader" in text(found)
    assert [row["not_told_from"] for row in found["rows"]] == [["strong"], ["as strong"], []]


def planted(*values: list[float], better=()) -> list[tuple[dict, Sample]]:
    names = ["first", "second", "baseline"]
    rows = [{"strategy": name, "better": name in better} for name in names]
    return list(zip(rows, map(sample, values), strict=True))


def test_each_row_names_those_that_it_is_not_told_from():
    wobble = np.array([-1, 1, -1, 1, 0]) * 0.01
    ranked = planted(0.50 + wobble, 0.495 - wobble, 0.485 + 3 * wobble[::-1])
    assert lead(ranked, "baseline")["tied"] == ["second", "baseline"]
    assert [row["not_told_from"] for row, _ in ranked] == [
        ["second", "baseline"], ["first", "baseline"], ["first", "second"]]  # fmt: skip
    assert [row["tied_with_leader"] for row, _ in ranked] == [True] * 3


def test_a_row_better_than_the_baseline_is_not_tied_with_it():
    wobble = np.array([-1, 1, -1, 1, 0]) * 0.01
    ranked = planted(0.50 + wobble, 0.495 - wobble, 0.485 + 3 * wobble[::-1], better=["first"])
    found = lead(ranked, "baseline")
    assert found["tied"] == ["second"]
    assert [row["not_told_from"] for row, _ in ranked] == [["second"], ["first", "baseline"], ["second"]]
    assert ranked[2][0]["tied_with_leader"] is False  # and so carries no =


def test_a_leader_better_than_the_baseline_is_told_from_it_as_the_next():
    wobble = np.array([-1, 1, -1, 1, 0]) * 0.01
    ranked = planted(0.50 + wobble, 0.49 - wobble, 0.3 + wobble, better=["first"])[:2]
    ranked[1][0]["strategy"] = "baseline"
    found = lead(ranked, "baseline")
    assert (found["next"], found["told_from_next"], found["tied"]) == ("baseline", True, [])


def test_rows_without_a_rank_have_no_part_in_it(store: Records):
    study(store, {"baseline": 3.0, "strong": 4.0})
    for seed in range(4):
        confirm(store, "greedy", seed, 6.0, tilt=4.0)
    greedy = next(r for r in board(store.all(), store, {}, draws=100)["rows"] if r["strategy"] == "greedy")
    assert (greedy["rank_interval"], greedy["tied_with_leader"], rank(greedy), ranks(greedy)) == (None, None, "", "-")


def test_single_runs_leave_every_rank_open(store: Records):
    study(store, {"baseline": 3.0, "strong": 6.0}, seeds=1)
    found = board(store.all(), store, {}, draws=100)
    assert [r["rank_interval"] for r in found["rows"]] == [{"low": 1, "high": 2}] * 2
    assert [r["tied_with_leader"] for r in found["rows"]] == [False, None]
    assert found["leader"]["told_from_next"] is False
