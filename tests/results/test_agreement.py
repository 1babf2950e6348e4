"""How far a cheap study orders strategies as a dear one does, on planted studies."""

from __future__ import annotations

import json
import math
import re
from itertools import combinations
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from planted_studies import study

from ablate.errors import AblateError
from ablate.results.agreement import agreement, kendall
from ablate.results.agreement_show import show
from ablate.results.folder import Read, read
from ablate.results.record import Records

STRENGTHS = {"baseline": 1.0, "a": 1.5, "b": 2.0, "c": 2.5, "d": 3.0, "e": 3.5}


def planted(folder: Path, strengths: dict[str, float], seeds: int = 4) -> Read:
    study(Records(folder / "records"), strengths, seeds)
    (folder / "study.toml").write_text(f'name = "{folder.name}"\n')
    return read(folder)


@pytest.fixture(scope="module")
def dear(tmp_path_factory: pytest.TempPathFactory) -> Read:
    return planted(tmp_path_factory.mktemp("studies") / "dear", STRENGTHS)


@given(st.lists(st.integers(-50, 50), min_size=5, max_size=9, unique=True), st.randoms(use_true_random=False))
def test_tau_is_the_excess_of_pairs_in_the_same_order(x: list[int], random):
    y = x[:]
    random.shuffle(y)
    signs = [math.copysign(1, (a - b) * (c - d)) for (a, c), (b, d) in combinations(zip(x, y, strict=True), 2)]
    found = kendall(x, y)
    assert found.mean == pytest.approx(sum(signs) / len(signs))
    assert found.low <= found.mean <= found.high
    assert kendall(x, [-v for v in y]).mean == pytest.approx(-found.mean)


def test_an_interval_of_tau_as_it_is_worked_out_by_hand():
    """Ten pairs, one neighbour swapped: 44 of 45 agree; z = atanh(43/45) and its error sqrt(0.437 / 6)."""
    found = kendall(range(10), [1, 0, *range(2, 10)])
    assert found.mean == pytest.approx(43 / 45)
    z, half = 0.5 * math.log((1 + 43 / 45) / (1 - 43 / 45)), 1.96 * math.sqrt(0.437 / 6)
    assert (found.low, found.high) == pytest.approx((math.tanh(z - half), math.tanh(z + half)))


def test_no_difference_at_all_agrees_with_nothing():
    assert kendall([0, 0, 0, 0, 0], [1, 2, 3, 4, 5]).mean == 0


def test_a_study_agrees_with_one_that_has_the_same_order(dear: Read, tmp_path: Path):
    cheap = planted(tmp_path / "cheap", {**STRENGTHS, "e": 3.3, "only-here": 5.0})
    found = agreement(cheap, dear)
    assert set(found.differences) == set(STRENGTHS)
    assert found.differences["baseline"] == (0, 0)
    assert found.tau.mean == 1
    assert 0.2 < found.tau.low < 0.93 < found.tau.high
    assert found.itself is not None
    assert found.itself > 0.9
    assert found.pairs == 15
    assert 10 < found.apart == found.alike
    assert (found.chosen, found.best) == ("e", "e")
    assert found.lost.mean == 0


def test_a_study_in_the_opposite_order_says_what_trusting_it_costs(dear: Read, tmp_path: Path):
    turned = dict(zip(STRENGTHS, reversed(STRENGTHS.values()), strict=True))
    found = agreement(planted(tmp_path / "cheap", turned), dear)
    assert found.tau.mean == -1
    assert found.alike == 0 < found.apart
    assert (found.chosen, found.best) == ("baseline", "e")
    rows = {row["strategy"]: row for row in dear.board["rows"]}
    assert found.lost.mean == pytest.approx(rows["e"]["delta_macro"]["mean"])
    assert found.lost.low > 0


def test_three_seeds_cannot_be_halved(dear: Read, tmp_path: Path):
    assert agreement(dear, planted(tmp_path / "few", STRENGTHS, seeds=3)).itself is None


def test_too_few_strategies_in_common_are_an_error_with_the_remedy(dear: Read, tmp_path: Path):
    few = planted(tmp_path / "few", {"baseline": 1.0, "a": 2.0, "x": 2.0, "y": 1.0, "z": 0.5})
    with pytest.raises(AblateError, match=r"have 2 strategies in common.*run the same --strategies"):
        agreement(few, dear)


def test_it_is_said_in_every_format(dear: Read, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    cheap = planted(tmp_path / "cheap", {**STRENGTHS, "d": 1.6})
    show(cheap.folder, dear.folder, "table")
    told = " ".join(capsys.readouterr().out.split())
    assert "Kendall's tau between the differences of 6 strategies: 0.73" in told
    assert "Both put e first." in told
    show(cheap.folder, dear.folder, "json")
    found = json.loads(capsys.readouterr().out)
    assert found["tau"]["mean"] == pytest.approx(11 / 15)
    assert found["pairs"] == 15
    show(cheap.folder, dear.folder, "md")
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(" | ")[0] for line in lines[2:8]] == [f"| {name}" for name in "edcba"] + ["| baseline"]


def test_a_loser_of_the_dear_study_is_said_to_cost(dear: Read, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    show(planted(tmp_path / "cheap", {**STRENGTHS, "a": 4.0}).folder, dear.folder, "table")
    told = " ".join(capsys.readouterr().out.split())
    assert re.search(r"Whoever takes a, first in cheap, has \d+\.\d \[\d+\.\d \d+\.\d\] points", told)


def test_wrong_words_are_errors_with_the_remedy(dear: Read, tmp_path: Path):
    with pytest.raises(AblateError, match="did you mean 'json'"):
        show(dear.folder, tmp_path, "jsn")
    with pytest.raises(AblateError, match="is not the output folder of a study"):
        show(dear.folder, tmp_path, "md")
    with pytest.raises(AblateError, match="is given twice"):
        show(dear.folder, dear.folder, "md")
