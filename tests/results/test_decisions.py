"""Strategies by decision rules, from records alone."""

from __future__ import annotations

import json

import pytest
from planted_studies import confirm, tuned

from ablate.catalog import DECISIONS
from ablate.results.decisions import RULES, decisions, markdown, show, text, to_json
from ablate.results.folder import read
from ablate.results.record import Records


def figures(macro: float, micro: float, alarms: float) -> dict[str, float]:
    return {"macro_recall": macro, "micro_recall": micro, "alarms_per_document": alarms, "precision": 0.5}


def told(macro: float, **other: dict[str, float]) -> dict:
    return dict.fromkeys(RULES, figures(macro, 0.5, 1.0)) | other


@pytest.fixture
def folder(store: Records):
    (store.folder.parent / "study.toml").write_text('name = "planted"\n')
    return store.folder.parent


def rows(folder) -> dict[str, dict]:
    return {row["strategy"]: row for row in decisions(read(folder))["rows"]}


def test_the_rules_are_those_that_every_run_is_read_under():
    assert list(RULES) == list(DECISIONS)


def test_a_cell_is_the_mean_over_the_seeds(store: Records, folder):
    confirm(store, "baseline", 0, 3.0, decisions=told(0.2, native=figures(0.3, 0.6, 2.0)))
    confirm(store, "baseline", 1, 3.0, decisions=told(0.4, native=figures(0.4, 0.8, 3.0)))
    found = rows(folder)["baseline"]
    assert found["runs"] == 2
    assert found["rules"]["native"] == pytest.approx(
        {"macro_recall": 0.35, "micro_recall": 0.7, "alarms_per_document": 2.5}
    )
    assert found["rules"]["one-cut"]["macro_recall"] == pytest.approx(0.3)


def test_only_runs_that_count_on_the_board_count(store: Records, folder):
    store.write(tuned("focal", 0, 0.5, scale=2.0))
    confirm(store, "focal", 0, 3.0, scale=2.0, decisions=told(0.2))
    confirm(store, "focal", 1, 3.0, scale=1.0, decisions=told(0.9))  # another configuration than the selected one
    confirm(store, "focal", 2, 3.0, scale=2.0, decisions=told(0.9), status="failed")
    found = rows(folder)["focal"]
    assert (found["runs"], found["rules"]["one-cut"]["macro_recall"]) == (1, pytest.approx(0.2))


def test_records_without_decisions_are_named_and_nothing_fails(store: Records, folder):
    confirm(store, "baseline", 0, 3.0, decisions=told(0.2))
    confirm(store, "old", 0, 3.0)
    found = decisions(read(folder))
    assert found["unrecorded"] == ["old"]
    for shown in (text(found), markdown(found)):
        assert "Without decisions in their records" in shown
        assert "old." in shown


def test_a_study_from_before_decisions_says_so(store: Records, folder):
    confirm(store, "baseline", 0, 3.0)
    found = decisions(read(folder))
    assert text(found).startswith("No record of this study holds decisions.")
    assert markdown(found).startswith("- No record of this study holds decisions.")


def test_a_rule_that_a_record_lacks_and_a_figure_without_value_are_a_dash(store: Records, folder):
    known = told(0.2, native=figures(0.3, 0.6, 2.0) | {"macro_recall": None})
    del known["top-labels"]
    confirm(store, "baseline", 0, 3.0, decisions=known)
    (line,) = [line for line in markdown(decisions(read(folder))).splitlines() if line.startswith("| baseline")]
    cells = dict(zip(RULES, line.strip("| ").split(" | ")[1:], strict=True))
    assert (cells["native"], cells["one-cut"], cells["top-labels"]) == ("-/60.0/2.0", "20.0/50.0/1.0", "-")


@pytest.mark.parametrize("width", [40, 100])
def test_rules_that_do_not_fit_stand_below(store: Records, folder, width: int):
    for arm in ("baseline", "a-strategy-of-a-long-name"):
        confirm(store, arm, 0, 3.0, decisions=told(0.2))
    shown = text(decisions(read(folder)), width)
    assert max(map(len, shown.splitlines())) <= max(width, len("a-strategy-of-a-long-name precision-floor"))
    heads = [line.split()[1:] for line in shown.splitlines() if line.startswith("strategy ")]
    assert [rule for head in heads for rule in head] == list(RULES)
    assert len(heads) > 1


def test_the_command_is_as_wide_as_the_terminal(store: Records, folder, monkeypatch, capsys):
    confirm(store, "baseline", 0, 3.0, decisions=told(0.2))
    monkeypatch.setenv("FORCE_COLOR", "1")  # what makes rich take a pipe for a terminal
    monkeypatch.setenv("COLUMNS", "60")
    show(folder, "table")
    assert capsys.readouterr().out == text(decisions(read(folder)), 60)


def test_json_holds_every_figure(store: Records, folder):
    confirm(store, "baseline", 0, 3.0, decisions=told(0.2))
    found = decisions(read(folder))
    assert json.loads(to_json(found)) == json.loads(json.dumps(found))
    assert to_json(found) == to_json(decisions(read(folder)))
