"""Why recall is low: terms that add up, by hand, on committed records, and under chance."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from advice_boards import around, board, found, row, shares
from planted_studies import confirm, study
from report_studies import planted, write_plan
from scipy import stats

from ablate.errors import AblateError
from ablate.results.decomposition import Decomposition, Split, decompose, variance
from ablate.results.decomposition_curve import learning_curves
from ablate.results.decomposition_shares import Found, read_shares
from ablate.results.decomposition_show import notes, show
from ablate.results.folder import Read, read
from ablate.results.record import Records

COMMITTED = Path(__file__).parents[2] / "results"


def means(split: Split) -> dict[str, float]:
    return {name: term.mean for name, term in split.terms.items()}


def of_committed(name: str) -> tuple[dict, Decomposition]:
    board = json.loads((COMMITTED / name / "leaderboard.json").read_text())
    store = Records(COMMITTED / name / "records")
    return board, decompose(board, read_shares(board, store.all(), store))


CEILINGS = {"bayes-ceiling": found([0.9, 0.7], [0.9, 0.7], 10), "learner-ceiling": found([0.8, 0.6], [0.8, 0.6], 10)}
WITH_CEILINGS = board(
    [row("baseline", 0.5, 1), row("bayes-ceiling", 0.8, kind="ceiling"), row("learner-ceiling", 0.7, kind="ceiling")]
)
TWO_RUNS = Found(np.array([[0.5, 0.3], [0.7, 0.5]]), np.array([[0.2, 0.0], [0.4, 0.2]]), np.array([10, 10]))
TWO = np.array([500, 5])


def test_the_four_terms_of_a_small_example():
    # posterior .8, learner .7, row (.4 + .6) / 2 at budget and (.1 + .3) / 2 at 0.5
    rows = [
        row("baseline", 0.5, 1),
        row("bayes-ceiling", 0.8, kind="ceiling"),
        row("learner-ceiling", 0.7, kind="ceiling"),
    ]
    (gap,) = decompose(board(rows), shares({**CEILINGS, "baseline": TWO_RUNS}, True, TWO)).rows
    assert gap.whole.missing.mean == pytest.approx(0.8)
    assert means(gap.whole) == pytest.approx(
        {"irreducible": 0.2, "too_few_examples": 0.1, "training_model": 0.2, "decision_rule": 0.3}
    )
    assert gap.whole.mendable == "decision_rule"
    assert (gap.alarms_at_half, gap.alarms_at_budget, gap.runs) == (1.5, 2.0, 2)
    # label by label: the head has .9, .8, .6, .3; the rarest .7, .6, .4, .1
    assert means(gap.buckets["medium"]) == pytest.approx(
        {"irreducible": 0.1, "too_few_examples": 0.1, "training_model": 0.2, "decision_rule": 0.3}
    )
    assert means(gap.buckets["rare"]) == pytest.approx(
        {"irreducible": 0.3, "too_few_examples": 0.1, "training_model": 0.2, "decision_rule": 0.3}
    )
    assert set(gap.buckets) == {"medium", "rare"}


def test_the_intervals_of_a_small_example():
    rows = [
        row("baseline", 0.5, 1),
        row("bayes-ceiling", 0.8, kind="ceiling"),
        row("learner-ceiling", 0.7, kind="ceiling"),
    ]
    (gap,) = decompose(board(rows), shares({**CEILINGS, "baseline": TWO_RUNS}, True, TWO)).rows
    # irreducible: no seeds; of 10 documents 9 and 7 are found, so 10 and 8 of 12: (10 * 2 + 8 * 4) / 12 squared, each
    # by 10 and by (100 + 30 + 4) / 12 squared
    half = 1.959964 * np.sqrt((10 * 2 + 8 * 4) / 134 / 10) / 2
    assert gap.whole.terms["irreducible"].high - 0.2 == pytest.approx(half, rel=1e-5)
    # decision: both runs gain .3, so no seeds; of each label's documents 3 of 10 are moved: 4 of 12
    half = 1.959964 * np.sqrt(2 * 4 * 8 / 134 / 10) / 2
    assert 0.3 - gap.whole.terms["decision_rule"].low == pytest.approx(half, rel=1e-5)
    # training: runs .3 and .1 below the learner, standard error .1, t with one degree of freedom 12.7062; documents:
    # the learner's 9 and 7 of 12, and the row's 7 and 5 of 12, as if on other documents
    half = np.hypot(12.7062 * 0.1, 1.959964 * np.sqrt((9 * 3 + 7 * 5 + 7 * 5 + 5 * 7) / 134 / 10) / 2)
    assert gap.whole.terms["training_model"].high - 0.2 == pytest.approx(half, rel=1e-5)


def test_a_row_above_the_learner_and_more_alarms_at_half_give_negative_terms():
    rows = [
        row("baseline", 0.75, 1),
        row("bayes-ceiling", 0.8, kind="ceiling"),
        row("learner-ceiling", 0.7, kind="ceiling"),
    ]
    (gap,) = decompose(board(rows), shares({**CEILINGS, "baseline": found([0.8, 0.7], [1.0, 0.9], 10)}, True, TWO)).rows
    assert means(gap.whole)["training_model"] == pytest.approx(-0.05)
    assert means(gap.whole)["decision_rule"] == pytest.approx(-0.2)
    assert sum(means(gap.whole).values()) == pytest.approx(gap.whole.missing.mean, abs=1e-12)
    assert gap.whole.mendable == "too_few_examples"


def test_without_the_truth_there_are_two_terms_and_no_largest():
    (gap,) = decompose(board([row("baseline", 0.5, 1)]), shares({"baseline": TWO_RUNS}, positives=TWO)).rows
    assert means(gap.whole) == pytest.approx({"data_training_model": 0.5, "decision_rule": 0.3})
    assert gap.whole.mendable is None


def test_labels_with_one_document_get_the_spread_of_all_of_them():
    # two of four are found, three of six with one more of each: 3 * 3 / (16 + 12 + 4) each, the sum over 4 squared
    hit = np.array([0.0, 1.0, 1.0, 0.0])
    assert variance(hit, hit, np.ones(4, int)) == pytest.approx(4 * (9 / 32) / 16)
    # of ten documents three: 4 * 8 / (100 + 30 + 4) / 10
    assert variance(np.array([0.3]), np.array([0.3]), np.array([10])) == pytest.approx(32 / 134 / 10)
    assert variance(np.zeros(0), np.zeros(0), np.zeros(0, int)) == 0


@pytest.mark.parametrize("moved", [0.0, 1.0, -1.0])
@pytest.mark.parametrize("documents", [1, 2, 30])
def test_where_none_or_all_moved_there_is_still_a_spread(moved: float, documents: int):
    n = np.full(5, documents)
    change = np.full(5, moved)
    assert variance(np.abs(change), change, n) > 0
    flat = decompose(
        board([row("baseline", 0.5, 1)]), shares({"baseline": found([0.5, 0.5], [0.5, 0.5], documents)}, positives=TWO)
    ).rows[0]
    assert flat.whole.terms["decision_rule"].low < 0 < flat.whole.terms["decision_rule"].high


@pytest.mark.parametrize("share", [0.02, 0.2, 0.5, 0.9])
@pytest.mark.parametrize("documents", [2, 3, 10, 60])
def test_the_spread_is_not_too_small_on_average(share: float, documents: int):
    chances = stats.binom.pmf(np.arange(documents + 1), documents, share)
    shares_found = np.arange(documents + 1) / documents
    each = [variance(np.array([s]), np.array([s]), np.array([documents])) for s in shares_found]
    assert np.dot(chances, each) >= share * (1 - share) / documents * (1 - 1e-9)


def test_one_run_speaks_of_documents_only():
    said = " ".join(
        notes(decompose(board([row("baseline", 0.5, 1)]), shares({"baseline": TWO_RUNS}, positives=TWO)), [])
    )
    assert "documents only" not in said
    one = decompose(board([row("baseline", 0.5, 1)]), shares({"baseline": found([0.5], [0.4])}, positives=TWO[:1]))
    assert "One run each, so documents only: baseline." in notes(one, [])


def test_the_interval_of_the_decision_rule_holds_the_truth():
    """95 % nominal, at least 92 % over simulated tests with a long tail: most labels have one to three documents."""
    rng = np.random.default_rng(3)
    documents = np.repeat([1, 2, 3, 10, 60], [60, 30, 20, 10, 5])
    at_budget = rng.beta(2, 2, len(documents))
    at_half = at_budget * rng.beta(2, 3, len(documents))
    true = float((at_budget - at_half).mean())
    covered = 0
    for _ in range(500):
        more = rng.binomial(documents, at_budget)
        less = rng.binomial(more, at_half / at_budget)  # what 0.5 finds is among what the budget finds
        kept = Found(more[None] / documents, less[None] / documents, documents)
        (gap,) = decompose(
            board([row("baseline", 0.5, 1)]), shares({"baseline": kept}, positives=np.full(len(documents), 20))
        ).rows
        term = gap.whole.terms["decision_rule"]
        covered += term.low <= true <= term.high
    assert 0.92 <= covered / 500 < 1


@pytest.mark.parametrize("name", ["forum-decision-small", "quickstart", "cooking-bag", "reuters-bag"])
def test_committed_studies_add_up_to_what_they_recorded(name: str):
    rows, gaps = of_committed(name)
    by_name = {r["strategy"]: r for r in rows["rows"]}
    assert gaps.known == gaps.drawn == ("bayes-ceiling" in by_name)
    assert [g.strategy for g in gaps.rows[:2]] == ["as-asked", "baseline"]
    assert not {"bayes-ceiling", "learner-ceiling", "prior-only", "predict-everything"} & {
        g.strategy for g in gaps.rows
    }
    for gap in gaps.rows:
        for split in (gap.whole, *gap.buckets.values()):
            assert sum(means(split).values()) == pytest.approx(split.missing.mean, abs=1e-9)
        figures = by_name[gap.strategy]["drawn"] if gaps.drawn else by_name[gap.strategy]
        assert 1 - gap.whole.missing.mean == pytest.approx(figures["at_half"]["macro_recall"], abs=1e-9)
        weighed = sum(b.labels * b.missing.mean for b in gap.buckets.values())
        assert weighed == pytest.approx(gap.whole.labels * gap.whole.missing.mean, abs=1e-9)


def test_the_interval_from_counts_is_about_that_of_the_board():
    """The board resamples documents whole; here labels are taken one by one."""
    rows, gaps = of_committed("cooking-bag")
    for gap in gaps.rows:
        macro = next(r for r in rows["rows"] if r["strategy"] == gap.strategy)["macro_recall_at_budget"]
        term = gap.whole.terms["data_training_model"]
        assert term.mean == pytest.approx(1 - macro["mean"], abs=1e-9)
        assert 0.8 < (term.high - term.low) / (macro["high"] - macro["low"]) < 1.5


def test_a_study_with_runs_but_without_drawn_documents_is_read_on_its_test(store: Records):
    study(store, {"baseline": 3.0, "strong": 4.5, "prior-only": 0.0})
    bodies = store.all()
    rows = [row(name, 0.5, place) for place, name in enumerate(("strong", "baseline", "prior-only"), start=1)]
    gaps = decompose(board(rows), read_shares(board(rows), bodies, store))
    assert (gaps.drawn, gaps.known, [g.strategy for g in gaps.rows]) == (False, False, ["baseline", "strong"])
    recorded = [b["test"]["at_half"]["macro_recall"] for b in bodies if b["arm"] == "strong"]
    strong = gaps.of("strong")
    assert strong is not None
    assert 1 - strong.whole.missing.mean == pytest.approx(np.mean(recorded), abs=1e-12)


def test_nothing_finished_is_nothing_to_decompose(store: Records):
    assert read_shares(board([]), [], store) is None
    assert decompose(board([]), None).rows == ()


def sized(folder: str, documents: int, macro: float, **dataset) -> Read:
    rows = board([row("baseline", macro, 1) | {"macro_recall_at_budget": around(macro, 0.02)}])
    rows["dataset"] |= {"train_documents": documents, **dataset}
    return Read(Path(folder), {}, Records(Path(folder)), [], rows, pd.DataFrame())


def test_a_learning_curve_says_what_a_doubling_brought():
    (curve,) = learning_curves([sized("all", 4000, 0.50), sized("part", 1000, 0.40)])
    assert [point.documents for point in curve.points] == [1000, 4000]
    # .1 over two doublings; both ends are .02 wide: the root of .02 squared twice, over two doublings
    found = curve.per_doubling
    assert (found.mean, found.high - found.mean) == pytest.approx((0.05, np.hypot(0.02, 0.02) / 2))
    assert learning_curves([sized("all", 4000, 0.5)]) == []


def test_studies_that_make_no_curve_are_refused():
    with pytest.raises(AblateError, match="'other' is of other data than 'all': name is mails there and toy here"):
        learning_curves([sized("all", 4000, 0.5), sized("other", 1000, 0.4, name="mails")])
    with pytest.raises(AblateError, match="'again' and 'all' both have 4,000 training documents"):
        learning_curves([sized("all", 4000, 0.5), sized("again", 4000, 0.4)])


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return planted(tmp_path_factory.mktemp("study") / "planted")


@pytest.mark.parametrize("format", ["table", "md", "csv", "json"])
def test_every_format_has_every_row_and_term(folder: Path, capsys: pytest.CaptureFixture, format: str):
    show([folder], format)
    said = capsys.readouterr().out
    for name in ("baseline", "strong", "plain", "tilted"):
        assert name in said
    if format == "table":
        assert max(map(len, said.splitlines())) <= 100
        assert "not separable here" in " ".join(said.split())
        assert "run the study again with a smaller --documents" in " ".join(said.split())
    if format == "csv":
        lines = list(csv.DictReader(io.StringIO(said)))
        whole = {x["term"]: float(x["mean"]) for x in lines if (x["strategy"], x["bucket"]) == ("strong", "all")}
        assert whole["data_training_model"] + whole["decision_rule"] == pytest.approx(whole["missing"], abs=1e-9)
    if format == "json":
        assert json.loads(said)["measured_on"] == "test documents"


@pytest.mark.parametrize("width", [100, 80, 60])
def test_the_table_is_as_wide_as_the_terminal(
    folder: Path, capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch, width: int
):
    monkeypatch.setenv("FORCE_COLOR", "1")  # what makes rich take a pipe for a terminal
    monkeypatch.setenv("COLUMNS", str(width))
    show([folder], "table")
    assert width - 15 < max(map(len, capsys.readouterr().out.splitlines())) <= width


def test_two_folders_show_the_curve(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture):
    small = tmp_path / "small"
    dataset = {"name": "planted", "sha256": "e" * 64, "documents": 2000, "labels": 12, "train_documents": 1500}
    for seed in range(3):
        confirm(Records(small / "records"), "baseline", seed, 2.0, dataset=dataset)
    write_plan(small, {"name": "small"})
    large = tmp_path / "large"
    for seed in range(3):
        confirm(Records(large / "records"), "baseline", seed, 3.0, dataset=dataset | {"train_documents": 3000})
    write_plan(large, {"name": "large"})
    show([large, small], "table")
    said = capsys.readouterr().out
    assert "1,500 3,000" in said
    change = read(large).board["rows"][0]["macro_recall_at_budget"]["mean"]
    change -= read(small).board["rows"][0]["macro_recall_at_budget"]["mean"]
    assert f"{100 * change:+.1f} [" in said  # one doubling


def test_mistakes_are_named(folder: Path, tmp_path: Path):
    with pytest.raises(AblateError, match=r"unknown format 'html' \(known: table, md, csv, json\)"):
        show([folder], "html")
    with pytest.raises(AblateError, match=r"has no study\.toml"):
        show([tmp_path], "table")
    write_plan(tmp_path, {"name": "empty"})
    with pytest.raises(AblateError, match="has no finished record"):
        show([tmp_path], "table")
