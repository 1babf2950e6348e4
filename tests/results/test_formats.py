from __future__ import annotations

import csv
import io
import json

import pytest
from planted_studies import body, confirm, study, tuned

from ablate.results.board import board
from ablate.results.columns import amount, duration, points, with_interval
from ablate.results.formats import LINES, latex, markdown, text, to_csv, to_json, write
from ablate.results.labels import labels_table
from ablate.results.record import Records, rounded
from ablate.results.terminal import rich_table


@pytest.fixture
def found(store: Records) -> dict:
    study(store, {"baseline": 3.0, "strong": 4.5, "prior-only": 0.0})
    for seed in range(4):
        confirm(store, "a-strategy-with-a-very-long-name", seed, 6.0, tilt=4.0, notes=["50 % of R&D_cost | #1"])
        confirm(store, "last-layers", seed, 5.0, part="different trained layers", measured={"seconds": 4000.0})
        store.write(body("broken", "confirm", seed, status="failed", stability={}))
    store.write(tuned("strong", 0, 0.5))
    return board(store.all(), store, {"name": "toy"}, draws=100)


@pytest.mark.parametrize("width", [100, 80, 60, 40, 30])
def test_no_line_is_wider_than_the_terminal(found: dict, width: int):
    assert max(len(line) for line in text(found, width).splitlines()) <= width


def test_a_hundred_characters_hold_every_column_but_one(found: dict):
    for row in found["rows"]:
        row["delta_macro"] = {"mean": -0.75, "low": -0.823, "high": -0.67}
        row["macro_recall_at_budget"] = {"mean": 0.45, "low": 0.44, "high": 0.461}
        row["stability"] |= {"settled": "10/10", "worst_dip": 1.0, "seed_sd": 0.111}
        row["at_half"] = {"macro_recall": 1.0, "micro_recall": 1.0, "alarms_per_document": 736.0}
    lines = text(found).splitlines()
    assert max(map(len, lines)) <= 100
    first, second = lines[2:4]
    assert "ranks  set- worst at 0.5: macro time" in first
    assert "95 %  tled   dip /micro/alarms" in second
    assert "worst seed at 0.5" in text(found, 108)
    # a name is cut before a column is given up: 15 characters at least
    assert any("a-strategy-wit" in line for line in lines)


def test_a_narrow_terminal_keeps_strategy_and_macro_recall(found: dict):
    lines = text(found, 40).splitlines()
    assert any("strong" in line and "[" in line for line in lines)
    assert not any("alarms" in line and "0.5" in line for line in lines)


def test_rows_stand_under_the_line_of_their_group(found: dict):
    lines = text(found).splitlines()
    order = [
        next(i for i, line in enumerate(lines) if line.startswith(f"-- {LINES[name][:12]}"))
        for name in ("costs micro", "no finished run", "other part", "control")
    ]
    assert order == sorted(order)
    assert lines[order[0] + 1].strip().startswith("a-strategy")
    assert "broken" in lines[order[1] + 1]
    assert "last-layers" in lines[order[2] + 1]
    assert lines[order[2] + 1].endswith("67m")  # 4,000 seconds
    assert "prior-only" in lines[order[3] + 1]


def test_the_table_says_what_it_rests_on(found: dict):
    whole = " ".join(text(found).split())
    assert "Labels with 1 or 2 test positives" in whole
    assert "4 of 4 runs failed" in whole
    assert "defaults and a shared quasi-random design" in whole
    assert "50 % of R&D_cost" in whole


def test_wide_holds_more(found: dict):
    assert "macro" in text(found, wide=True)
    assert max(map(len, text(found, wide=True).splitlines())) > 100


def test_the_coloured_table_says_what_the_plain_one_says(found: dict):
    plain = text(found)
    for line in rich_table(found).plain.splitlines()[1:]:
        assert line in plain


def test_markdown_tables_have_as_many_cells_in_each_line(found: dict):
    lines = [line for line in markdown(found).splitlines() if line.startswith("|")]
    assert len({line.replace("\\|", "").count("|") for line in lines}) == 1
    assert any("1\\*" in line and "strong" in line for line in lines)


def test_latex_escapes_what_latex_reads(found: dict):
    found["rows"][0]["strategy"] = "R&D_50%#{x}~^\\"
    lines = latex(found).splitlines()
    cells = next(line for line in lines if "R\\&D" in line)
    assert "R\\&D\\_50\\%\\#\\{x\\}\\textasciitilde{}\\textasciicircum{}\\textbackslash{}" in cells
    assert lines[0] == "\\begin{tabular}{ll" + "r" * 9 + "}"
    rows = [line for line in lines if line.endswith("\\\\") and "multicolumn" not in line]
    assert {line.replace("\\&", "").count("&") for line in rows} == {10}


def test_csv_has_one_line_per_row_and_dotted_columns(found: dict):
    read = list(csv.DictReader(io.StringIO(to_csv(found))))
    assert [r["strategy"] for r in read] == [r["strategy"] for r in found["rows"]]
    assert float(read[0]["macro_recall_at_budget.mean"]) == rounded(found["rows"][0]["macro_recall_at_budget"]["mean"])
    broken = next(r for r in read if r["strategy"] == "broken")
    assert broken["macro_recall_at_budget.mean"] == ""
    assert "macro_recall_at_budget" not in read[0]
    assert json.loads(read[0]["parameters"]) == found["rows"][0]["parameters"]


def test_json_is_the_board(found: dict):
    assert json.loads(to_json(found)) == rounded(found)


def test_writing_leaves_four_whole_files(found: dict, store: Records, tmp_path):
    out = tmp_path / "out"
    write(found, labels_table(store.all(), store), out)
    write(found, labels_table(store.all(), store), out)
    assert {p.name for p in out.iterdir()} == {"leaderboard.md", "leaderboard.csv", "leaderboard.json", "labels.csv"}
    assert (out / "labels.csv").read_text().splitlines()[0].startswith("label,strategy,training_positives")


def test_cells_are_short_and_plain():
    assert points(0.4512) == "45.1"
    assert points(-0.0001, sign=True) == "0.0"
    assert points(0.02, sign=True) == "+2.0"
    assert with_interval({"mean": 0.45, "low": 0.44, "high": 0.461}) == "45.0 [44.0 46.1]"
    assert [amount(v) for v in (2.26, 140.6, None)] == ["2.3", "141", "-"]
    assert [duration(s) for s in (4.0, 12.4, 99.0, 100.0, 5_999.0, 7_200.0, 400_000.0, None)] == [
        "4.0s", "12s", "99s", "1.7m", "1.7h", "2.0h", "5d", "-"]  # fmt: skip
