from __future__ import annotations

import csv
import io
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from planted_studies import COUNTS, LABELS, PRIOR, body, labels, scores, study, write_truth
from scipy import stats

from ablate.errors import AblateError
from ablate.metrics.measure import examine, validate
from ablate.results import gains_table
from ablate.results.board import board
from ablate.results.folder import read
from ablate.results.gains import _intervals, _shift_variance, reading
from ablate.results.record import Records, rounded
from ablate.results.show import show
from ablate.results.statistics import Interval, Sample

UP, DOWN, NONE = Interval(2.0, 1.0, 3.0), Interval(-2.0, -3.0, -1.0), Interval(0.0, -1.0, 1.0)


def gain(half: Interval, one_cut: Interval, budget: Interval | None) -> dict[str, Interval | None]:
    return {"at_half": half, "at_one_cut": one_cut, "at_budget": budget, "macro_ap": NONE}


@pytest.mark.parametrize(
    ("half", "one_cut", "budget", "excess", "expected"),
    [
        (UP, NONE, NONE, (UP, NONE), "threshold"),
        (NONE, UP, NONE, (NONE, UP), "threshold"),
        (UP, UP, UP, (NONE, NONE), "training"),
        (DOWN, NONE, UP, (DOWN, DOWN), "training"),
        (UP, NONE, UP, (UP, NONE), "both"),
        (NONE, NONE, NONE, (UP, UP), "neither"),  # above what is left of it, but no gain to begin with
        (UP, NONE, NONE, (NONE, NONE), "neither"),
        (UP, NONE, DOWN, (UP, NONE), "threshold, worse"),
        (NONE, NONE, DOWN, (NONE, NONE), "neither, worse"),
        (UP, UP, None, (UP, UP), None),
    ],
)
def test_the_reading_follows_its_rule(half, one_cut, budget, excess, expected):
    assert reading(gain(half, one_cut, budget), dict(zip(("at_half", "at_one_cut"), excess, strict=True))) == expected


def shifted(store: Records, arm: str, seed: int, by: np.ndarray) -> None:
    """The baseline's own scores with a constant added to each label: what only moves thresholds."""
    validation, test = labels(0), labels(1)
    rule = validate(scores(validation, 3.0, seed), validation, PRIOR, float(PRIOR.sum()))
    moved = scores(test, 3.0, seed) + by.astype(np.float32)
    figures, arrays = examine(moved, test, COUNTS, PRIOR, float(PRIOR.sum()), rule)
    store.write(body(arm, "confirm", seed, validation=rule, test=figures, truth=write_truth(store)), arrays)


@pytest.fixture
def found(store: Records) -> dict:
    study(store, {"baseline": 3.0, "strong": 5.0, "twin": 3.0, "prior-only": 0.0}, seeds=5)
    for seed in range(5):
        shifted(store, "shift", seed, np.full(LABELS, 2.0))
    return board(store.all(), store, {}, draws=200)


def rows(found: dict) -> dict[str, dict]:
    return {row["strategy"]: row for row in found["gains"]}


def test_a_shift_of_all_scores_is_a_threshold_and_more_evidence_is_training(found: dict):
    told = rows(found)
    assert told["shift"]["reading"] == "threshold"
    assert told["shift"]["at_half"]["low"] > 0
    assert told["shift"]["at_budget"]["mean"] == pytest.approx(0.0, abs=1e-12)
    assert told["shift"]["macro_ap"]["mean"] == pytest.approx(0.0, abs=1e-6)
    assert told["strong"]["reading"] in ("training", "both")
    assert told["strong"]["macro_ap"]["low"] > 0
    assert told["twin"]["reading"] == "neither"
    assert set(told) == {"strong", "shift", "twin"}  # neither baseline nor control


def test_gains_are_means_of_differences_by_seed(found: dict, store: Records):
    tests = {(b["arm"], b["identity"]["seed"]): b["test"] for b in store.all()}
    by_hand = np.mean(
        [
            tests["strong", s]["at_half"]["macro_recall"] - tests["baseline", s]["at_half"]["macro_recall"]
            for s in range(5)
        ]
    )
    strong = rows(found)["strong"]
    assert strong["at_half"]["mean"] == pytest.approx(by_hand)
    assert strong["excess"]["at_half"]["mean"] == pytest.approx(by_hand - strong["at_budget"]["mean"])


def test_the_variance_of_a_shift_is_that_over_new_documents():
    """Two cuts on the same scores, counted over many drawn test sets, against what one of them says of the variance."""
    rng = np.random.default_rng(0)
    positives, share = np.array([4, 8, 30, 100]), 0.3
    simulated = [np.mean(rng.binomial(positives, share) / positives) for _ in range(20_000)]
    weights = 1 / positives
    said = share * (1 - share) * weights.sum() / len(positives) ** 2
    assert np.var(simulated) == pytest.approx(said, rel=0.05)


def test_the_variance_of_a_shift_reads_counts_of_both_cuts(found: dict, store: Records):
    finished = [b for b in store.all() if b["arm"] == "shift"][:1]
    arrays, positives = store.arrays(finished[0]["key"]), labels(1).counts()
    moved = np.abs(arrays["true_positives_at_half"] - arrays["true_positives_at_budget"].astype(float))
    weights = 1 / positives
    share = (moved / positives * weights).sum() / weights.sum()
    assert _shift_variance(finished, "at_half", store) == pytest.approx(share * (1 - share) * weights.sum() / LABELS**2)


def test_records_that_lack_a_figure_say_so(store: Records):
    study(store, {"baseline": 3.0, "old": 3.0}, seeds=3)
    bodies = store.all()
    for b in bodies:
        if b["arm"] == "old":
            del b["test"]["at_one_cut"], b["test"]["macro_ap"]
    found = board(bodies, store, {}, draws=50)
    old = rows(found)["old"]
    assert (old["at_one_cut"], old["macro_ap"]) == (None, None)
    assert old["reading"] == "neither"
    assert "not in the records" in gains_table.text(found)
    assert gains_table.cells(old)[2] == "-"


def test_a_board_without_a_baseline_has_no_gains(store: Records):
    study(store, {"focal": 3.0})
    found = board(store.all(), store, {}, draws=50)
    assert found["gains"] == []
    assert "No strategy" in gains_table.text(found) == gains_table.markdown(found)
    assert json.loads(gains_table.to_json(found)) == []


def test_single_runs_have_no_intervals_and_no_reading(store: Records):
    study(store, {"baseline": 3.0, "strong": 5.0}, seeds=1)
    strong = rows(board(store.all(), store, {}, draws=50))["strong"]
    assert (strong["at_budget"], strong["reading"]) == (None, None)


def test_two_columns_that_ask_one_question_hold_together():
    rng = np.random.default_rng(0)
    values = 0.01 * rng.normal(size=(2, 4))
    samples = [Sample(tuple(range(4)), row, row[:, None] + np.zeros(2)) for row in values]
    for tests in (1, 2):
        for found, row in zip(_intervals(samples, tests), values, strict=True):
            # Sidak: each of 2 * tests intervals misses with 1 - .95 ** (1 / (2 * tests))
            half = stats.t.isf((1 - 0.95 ** (1 / (2 * tests))) / 2, 3) * row.std(ddof=1) / 2
            assert found.high - found.mean == pytest.approx(half)


def test_a_board_holds_the_columns_of_a_threshold_together(found: dict, store: Records):
    tests = {(b["arm"], b["identity"]["seed"]): b["test"] for b in store.all()}
    arms = [gain["strategy"] for gain in found["gains"]]
    for name, columns in (("at_half", 2), ("macro_ap", 1)):
        values = [
            [_number(tests[arm, s][name]) - _number(tests["baseline", s][name]) for s in range(5)] for arm in arms
        ]
        samples = [Sample(tuple(range(5)), np.array(v), np.array(v)[:, None] + np.zeros(2)) for v in values]
        expected = [interval.low for interval in _intervals(samples, columns)]
        assert [gain[name]["low"] for gain in found["gains"]] == pytest.approx(expected)


def _number(figure) -> float:
    return figure["macro_recall"] if isinstance(figure, dict) else figure


@pytest.mark.parametrize("width", [130, 100, 80, 40])
def test_the_table_fits_its_terminal(found: dict, width: int):
    lines = gains_table.text(found, width).splitlines()
    assert max(map(len, lines)) <= width
    assert any(line.startswith("shift") for line in lines)


def test_a_wide_terminal_shows_all_intervals_and_a_narrow_one_those_of_the_board(found: dict):
    def brackets(width: int) -> int:
        return next(line for line in gains_table.text(found, width).splitlines() if line.startswith("shift")).count("[")

    assert [brackets(width) for width in (140, 72, 58)] == [4, 1, 0]


def test_every_format_holds_every_row(found: dict):
    lines = list(csv.DictReader(io.StringIO(gains_table.to_csv(found))))
    assert [line["strategy"] for line in lines] == [row["strategy"] for row in found["gains"]]
    assert float(lines[0]["at_budget.low"]) == found["gains"][0]["at_budget"]["low"]
    assert json.loads(gains_table.to_json(found)) == rounded(found["gains"])
    told = gains_table.markdown(found)
    assert all(f"| {row['strategy']} | " in told and f" | {row['reading']} |" in told for row in found["gains"])


@pytest.fixture
def folder(store: Records, tmp_path: Path) -> Path:
    study(store, {"baseline": 3.0, "strong": 5.0})
    shutil.copytree(store.folder, tmp_path / "study" / "records")
    (tmp_path / "study" / "study.toml").write_text('name = "toy"\n')
    return tmp_path / "study"


@pytest.mark.parametrize("format", ["table", "md", "csv", "json"])
def test_the_command_prints_the_table(folder: Path, format: str, capsys: pytest.CaptureFixture[str]):
    show(folder, format, wide=False, instead=["threshold"])
    told = capsys.readouterr().out
    assert "strong" in told
    if format == "table":
        assert told == gains_table.text(read(folder).board)


def test_mistakes_of_the_command_are_named(folder: Path):
    with pytest.raises(AblateError, match=r"--threshold: unknown format 'tex'.*known: table, md, csv, json"):
        show(folder, "tex", wide=False, instead=["threshold"])
    with pytest.raises(AblateError, match="--decisions and --threshold are tables of their own; give one"):
        show(folder, "md", wide=False, instead=["decisions", "threshold"])
