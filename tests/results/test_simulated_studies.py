"""Whether intervals, wins and ties hold what they promise, counted over simulated studies.

A share of simulated studies has an error of its own: a rate fails only where the exact binomial test says that it is
beyond its limit (at 1 %), so that a right method does not fail by chance, and a wrong one does.
"""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binomtest
from simulated_studies import POINT, gaussian, long_tailed

from ablate.results import simultaneous as board_wide
from ablate.results.simultaneous import simultaneous
from ablate.results.statistics import interval, paired
from ablate.results.ties import pairwise

SURE = 0.01
ALIKE, MIXED = (1.0,), (0.3, 1.0, 2.0)  # deviations of seeds over the rows, in points


def at_most(limit: float, count: int, studies: int) -> bool:
    return bool(binomtest(count, studies, limit, alternative="greater").pvalue > SURE)


def at_least(limit: float, count: int, studies: int) -> bool:
    return bool(binomtest(count, studies, limit, alternative="less").pvalue > SURE)


def noise(pattern: tuple[float, ...], rows: int) -> list[float]:
    return [POINT * pattern[i % len(pattern)] for i in range(rows)]


@pytest.mark.parametrize("runs", [3, 5, 10])
@pytest.mark.parametrize("documents", [0.2, 1.0, 3.0])
def test_a_nominal_95_percent_interval_covers_at_least_92(runs: int, documents: float):
    studies = 1000
    rng = np.random.default_rng([1, runs, int(10 * documents)])
    covered = 0
    for _ in range(studies):
        found = interval(gaussian(rng, [0.4], runs, [POINT], documents * POINT, 0.0)[0])
        covered += found.low <= 0.4 <= found.high
    assert covered >= 0.92 * studies


@pytest.mark.slow
@pytest.mark.parametrize("runs", [3, 5, 10])
def test_intervals_of_alarm_sets_with_a_long_tail_cover_at_least_92(runs: int):
    studies = 1000
    covered = 0
    for seed in range(studies):
        sample, true = long_tailed(seed, runs)
        found = interval(sample)
        covered += found.low <= true <= found.high
    assert covered >= 0.92 * studies


@pytest.mark.slow
@pytest.mark.parametrize("runs", [3, 5, 10])
@pytest.mark.parametrize("pattern", [ALIKE, MIXED], ids=["alike", "mixed"])
@pytest.mark.parametrize("documents", [0.2, 1.0])
def test_equal_strategies_give_at_most_5_percent_of_boards_a_false_win(
    runs: int, pattern: tuple[float, ...], documents: float, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(board_wide, "SIMULATIONS", 2000)
    studies = 500
    rng = np.random.default_rng([2, runs, len(pattern), int(10 * documents)])
    false = 0
    for _ in range(studies):
        rows = gaussian(rng, [0.4] * 9, runs, noise(pattern, 9), documents * POINT, 0.5)
        false += any(found.low > 0 for found in simultaneous([paired(row, rows[0]) for row in rows[1:]]))
    assert at_most(0.05, false, studies)


@pytest.mark.slow
def test_a_planted_difference_of_three_points_is_found_on_80_percent_of_boards(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(board_wide, "SIMULATIONS", 2000)
    studies, won = 400, 0
    rng = np.random.default_rng(3)
    for _ in range(studies):
        rows = gaussian(rng, [0.4, 0.43, *[0.4] * 9], 5, noise(ALIKE, 11), 0.2 * POINT, 0.0)
        won += simultaneous([paired(row, rows[0]) for row in rows[1:]])[0].low > 0
    assert won >= 0.8 * studies


@pytest.mark.slow
@pytest.mark.parametrize("rows", [2, 3, 4, 8])
@pytest.mark.parametrize("runs", [3, 5])
@pytest.mark.parametrize("pattern", [ALIKE, MIXED], ids=["alike", "mixed"])
def test_equal_strategies_are_all_tied_with_the_leader_on_95_percent_of_boards(
    rows: int, runs: int, pattern: tuple[float, ...]
):
    studies, told = 400, 0
    rng = np.random.default_rng([4, rows, runs, len(pattern)])
    for _ in range(studies):
        told += bool(pairwise(gaussian(rng, [0.4] * rows, runs, noise(pattern, rows), 0.2 * POINT, 0.5)).above.any())
    assert at_most(0.05, told, studies)


def test_a_row_far_behind_is_told_from_the_leader():
    rng = np.random.default_rng(5)
    studies, told, tied = 100, 0, 0
    for _ in range(studies):
        rows = gaussian(rng, [0.45, 0.45, 0.40, 0.40], 5, noise(ALIKE, 4), 0.2 * POINT, 0.0)
        above = pairwise(rows).above
        leader = int(np.argmax([row.values.mean() for row in rows]))
        told += bool(above[leader, 2] and above[leader, 3])
        tied += not above[leader, 1 - leader]
    assert at_least(0.8, told, studies)
    assert at_least(0.95, tied, studies)


@pytest.mark.slow
@pytest.mark.parametrize("step", [0.0001, 0.003, 0.01])
@pytest.mark.parametrize("runs", [3, 5])
def test_rank_intervals_hold_the_true_ranks_of_all_rows_on_95_percent_of_boards(step: float, runs: int):
    rows, studies, held = 6, 400, 0
    rng = np.random.default_rng([6, runs, int(step * 1e4)])
    for _ in range(studies):
        means = [0.4 - step * i for i in range(rows)]  # row i has rank i + 1
        pairs = pairwise(gaussian(rng, means, runs, noise(ALIKE, rows), 0.5 * POINT, 0.5))
        held += all(low <= i + 1 <= high for i, (low, high) in enumerate(pairs.ranks(i) for i in range(rows)))
    assert at_least(0.95, held, studies)
