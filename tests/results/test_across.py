"""Several studies side by side: which rows, which ranks, what is said across data sets, in every format."""

from __future__ import annotations

import csv
import io
import json
import re
from pathlib import Path
from typing import Any

import pytest
from planted_studies import body
from scipy import stats

from ablate.errors import AblateError
from ablate.results import across_formats
from ablate.results.across import across, holm
from ablate.results.folder import Read
from ablate.results.record import rounded


def row(name: str, macro: float | None, rank: int | None = None, **changes: Any) -> dict[str, Any]:
    level = None if macro is None else {"mean": macro, "low": macro - 0.01, "high": macro + 0.01}
    change = None if macro is None else {"mean": macro - 0.4, "low": macro - 0.42, "high": macro - 0.38}
    return {
        "strategy": name,
        "kind": "strategy",
        "rank": rank,
        "part": "",
        "identity_of": "",
        "runs": 3,
        "macro_recall_at_budget": level,
        "micro_recall_at_budget": level,
        "delta_micro": change,
        "delta_macro": change,
        "better": False,
        "tied_with_leader": False,
        "costs_micro": False,
    } | changes


def read(rows: list[dict[str, Any]], dataset: str = "a", study: str = "s", **plan: Any) -> Read:
    about = {"name": dataset, "sha256": dataset * 8, "documents": 1000, "labels": 12}
    board = {"study": study, "dataset": about, "budget": {"alarms_per_document": 1.5}, "rows": rows}
    bodies = [body(one["strategy"], "confirm", 0, kind=one["kind"]) for one in rows]
    return Read(Path(study), plan, None, bodies, board, None)


def ranked(**macro: float) -> list[dict[str, Any]]:
    order = sorted(macro, key=lambda name: -macro[name])
    return [row(name, macro[name], order.index(name) + 1) for name in macro]


def averages(table: dict[str, Any]) -> dict[str, float | None]:
    return {one["strategy"]: one["average_rank"] for one in table["rows"]}


def test_ranks_are_among_the_strategies_of_every_column_and_each_data_set_counts_once():
    studies = [
        read(ranked(baseline=0.4, one=0.5, two=0.6, here=0.55), "a", backbone="bag"),
        read(ranked(baseline=0.4, one=0.5, two=0.3), "a", "t", backbone="minilm"),
        read(ranked(baseline=0.4, one=0.4, two=0.3), "b", "u"),
    ]
    table = across(studies)
    assert [column["name"] for column in table["columns"]] == ["a/bag", "a/minilm", "b"]
    assert table["datasets"] == 2
    # of the three: baseline 3, 2, 1.5 (a tie); one 2, 1, 1.5; two 1, 3, 3; the first two columns are averaged first
    assert averages(table) == {"one": 1.5, "baseline": 2.0, "two": 2.5, "here": None}
    assert table["rows"][-1]["unranked"] == {"a/minilm": "missing", "b": "missing"}


def test_what_a_board_does_not_rank_has_no_average_rank():
    first = [*ranked(baseline=0.4, one=0.5), row("dear", 0.6, costs_micro=True), row("fails", None, costs_micro=None)]
    second = [*ranked(baseline=0.4, one=0.5, dear=0.6, fails=0.3), row("prior-only", 0.1, kind="control")]
    table = across([read(first), read(second, "b", "t")])
    assert averages(table) == {"one": 1.0, "baseline": 2.0, "dear": None, "fails": None, "prior-only": None}
    assert [one["unranked"] for one in table["rows"]] == [
        {},
        {},
        {"a": "costs micro"},
        {"a": "no finished run"},
        {},  # a control is never ranked: nothing to explain
    ]
    said = across_formats.text(table)
    assert "No average rank, costs micro in a: dear." in said
    assert "No average rank, no finished run in a: fails." in said
    assert said.index("-- controls") < said.index("prior-only")


def test_columns_are_told_apart_by_what_differs():
    same = ranked(baseline=0.4)
    plans = [("s", "bag", "full"), ("t", "bag", "head-only"), ("u", "bag", "head-only")]
    studies = [read(same, "a", study, backbone=backbone, base=base) for study, backbone, base in plans]
    names = [column["name"] for column in across(studies)["columns"]]
    assert names == ["a/full", "a/head-only/t", "a/head-only/u"]


@pytest.mark.parametrize("count", [7, 8])
def test_there_is_a_test_across_data_sets_from_eight_on(count):
    studies = [
        read(ranked(baseline=0.4, better=0.5 + 0.01 * n, noise=0.4 + 0.01 * (-1) ** n * (n + 1)), f"d{n}", f"s{n}")
        for n in range(count)
    ]
    table = across(studies)
    said = across_formats.text(table)
    if count < 8:
        assert table["test"] is None
        assert "Fewer than 8 data sets: no test across them" in said
        return
    # all eight differences above 0: two of 2 ** 8 signs are as extreme; the larger p-value stays, the smaller doubles
    assert table["test"]["against_baseline"]["better"] == pytest.approx(2 * 2 / 2**8)
    assert table["test"]["against_baseline"]["noise"] > 0.5
    series = [[one.board["rows"][k]["macro_recall_at_budget"]["mean"] for one in studies] for k in range(3)]
    assert table["test"]["friedman"] == pytest.approx(float(stats.friedmanchisquare(*series).pvalue))
    assert "Wilcoxon's signed ranks, p by Holm" in " ".join(said.split())


def test_holm_by_hand():
    # sorted .01, .02, .04 times 3, 2, 1; the second is raised to no less than the first, the third to the second
    assert holm([0.04, 0.01, 0.02]) == pytest.approx([0.04, 0.03, 0.04])
    assert holm([0.5, 0.9]) == [1.0, 1.0]
    assert holm([]) == []


def test_tags_choose_rows_and_references_stay():
    rows = [*ranked(baseline=0.4, focal=0.5, **{"repeat-factor": 0.45}), row("prior-only", 0.1, kind="control")]
    table = across([read(rows), read(rows, "b", "t")], ["loss"])
    assert [one["strategy"] for one in table["rows"]] == ["focal", "baseline", "prior-only"]
    assert "Rows tagged loss" in across_formats.text(table)
    with pytest.raises(AblateError, match="--tag los: no strategy here carries it; did you mean 'loss'"):
        across([read(rows)], ["los"])


@pytest.fixture
def awkward() -> dict[str, Any]:
    rows = [*ranked(baseline=0.4, **{"R&D_50%|#1": 0.5}), row("dear*", 0.6, costs_micro=True)]
    return across([read(rows, "a_b|c", "s"), read(rows, "d^2 {x}", "t"), read(rows, "e~\\f", "u")])


@pytest.mark.parametrize("width", [100, 60])
def test_columns_that_do_not_fit_stand_below(awkward, width):
    said = across_formats.text(awkward, width)
    assert max(map(len, said.splitlines())) <= width
    assert said.count("rank  strategy") == (1 if width == 100 else 3)
    assert across_formats.text(awkward, 10_000).count("rank  strategy") == 1
    assert "40.0 0.0 [-2.0 +2.0]" in said
    assert "50.0 +10.0 [+8.0 +12.0]" in said
    assert "60.0 +20.0 [+18.0 +22.0] !" in said


def test_markdown_has_as_many_cells_in_every_line(awkward):
    lines = [line for line in across_formats.markdown(awkward).splitlines() if line.startswith("|")]
    assert len(lines) == 2 + len(awkward["rows"])
    assert {len(re.findall(r"(?<!\\)\|", line)) for line in lines} == {6}


def test_latex_is_balanced_and_escaped(awkward):
    said = across_formats.latex(awkward)
    assert re.findall(r"\\(begin|end)\{(\w+)\}", said) == [("begin", "tabular"), ("end", "tabular")]
    body = said.splitlines()[2:-2]
    for line in body:
        if line != "\\hline":
            assert line.endswith(" \\\\")
            assert len(re.findall(r"(?<!\\)&", line)) == 4
    told = re.sub(r"\\[&%$#_{}]|\$[<>]\$|\\text\w+\{\}|\{[\[\]]\}|(?<!\\)&|\\\\|\\hline", "", "\n".join(body))
    assert not re.search(r"[%$#_{}~^\\\[\]]", told)


def test_csv_and_json_hold_the_figures(awkward):
    lines = list(csv.DictReader(io.StringIO(across_formats.to_csv(awkward))))
    best = next(line for line in lines if line["strategy"] == "R&D_50%|#1")
    assert best["average_rank"] == "1.0"
    assert best["a_b|c.macro_recall_mean"] == "0.5"
    assert float(best["d^2 {x}.delta_macro_mean"]) == pytest.approx(0.1)
    assert json.loads(across_formats.to_json(awkward)) == rounded(awkward)
