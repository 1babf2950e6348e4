from __future__ import annotations

import json
import random
import subprocess
import sys
from pathlib import Path

import pytest
from planted_studies import ALARMS, DOCUMENTS, LABELS, body, confirm, study, tuned

from ablate.results.board import board, group
from ablate.results.formats import to_json
from ablate.results.labels import labels_table
from ablate.results.record import Records
from ablate.results.story import sentence

DRAWS = 200


def build(store: Records, **plan) -> dict:
    return board(store.all(), store, plan, draws=DRAWS)


def row(found: dict, name: str) -> dict:
    return next(r for r in found["rows"] if r["strategy"] == name)


def test_a_planted_winner_leads_and_is_told_from_the_baseline(store: Records):
    study(store, {"baseline": 3.0, "strong": 4.5, "slightly": 3.02})
    found = build(store)
    assert next((r["strategy"], r["rank"]) for r in found["rows"]) == ("strong", 1)
    assert row(found, "strong")["better"] is True
    assert row(found, "strong")["delta_macro"]["low"] > 0
    assert row(found, "slightly")["better"] is False
    assert found["leader"]["told_from_next"] is True
    assert sentence(found).startswith("strong leads with a macro recall of")
    assert "ahead of the next" in sentence(found)


def test_equal_strategies_cannot_be_told_from_the_baseline(store: Records):
    study(store, {"baseline": 3.0, "twin": 3.0, "other": 3.01})
    found = build(store)
    assert not any(r["better"] for r in found["rows"])
    assert row(found, "twin")["delta_macro"] == {"mean": 0.0, "low": 0.0, "high": 0.0}
    assert sentence(found).startswith("Nothing can be told from the baseline")


def test_macro_recall_at_the_price_of_micro_has_no_rank(store: Records):
    study(store, {"baseline": 3.0, "fair": 4.0})
    for seed in range(4):
        confirm(store, "greedy", seed, 6.0, tilt=4.0)
    found = build(store)
    greedy = row(found, "greedy")
    assert greedy["costs_micro"] is True
    assert (greedy["rank"], greedy["better"], group(greedy)) == (None, None, "costs micro")
    assert {r["rank"] for r in found["rows"] if r["rank"]} == {1, 2}


def test_a_micro_floor_takes_the_rank_from_who_is_below(store: Records):
    study(store, {"baseline": 3.0, "strong": 5.0})
    floor = row(build(store), "strong")["micro_recall_at_budget"]["mean"] - 0.001
    found = build(store, micro_floor=floor)
    assert row(found, "baseline")["costs_micro"] is True
    assert row(found, "baseline")["rank"] is None
    assert row(found, "strong")["rank"] == 1


def test_controls_identities_and_other_layers_are_shown_without_a_rank(store: Records):
    study(store, {"baseline": 3.0, "as-asked": 3.0, "prior-only": 0.0})
    for seed in range(4):
        confirm(store, "last-layers", seed, 6.0, part="different trained layers")
        confirm(store, "logit-adjusted", seed, 6.0, identity_of="BCE reparametrised")
    found = build(store)
    assert {r["strategy"] for r in found["rows"] if r["rank"]} == {"baseline", "as-asked"}
    assert [group(r) for r in found["rows"]][-3:] == ["not ranked", "other part", "control"]
    control = row(found, "prior-only")
    assert (control["runs"], control["stability"]["settled"], control["trials"]) == (1, None, 0)
    assert control["delta_macro"]["high"] < 0


def test_only_runs_of_the_selected_configuration_count(store: Records):
    study(store, {"baseline": 3.0})
    for trial, (scale, score) in enumerate([(1.0, 0.5), (2.0, 0.7)]):
        store.write(tuned("focal", trial, score, scale=scale))
    for seed in range(3):
        confirm(store, "focal", seed, 6.0, scale=1.0)  # stale: trial 0 is no longer the best
        confirm(store, "focal", seed, 2.0, scale=2.0)
    found = row(build(store), "focal")
    assert found["parameters"] == {"optimizer.scale": 2.0}
    assert (found["runs"], found["trials"], found["tuning"]["finished"]) == (3, 2, 2)
    assert found["delta_macro"]["high"] < 0


def test_tuning_records_alone_give_a_row_without_figures(store: Records):
    study(store, {"baseline": 3.0})
    store.write(tuned("focal", 0, 0.5))
    store.write(tuned("focal", 1, 0.4, scale=2.0, status="pruned"))
    found = row(build(store), "focal")
    assert (found["runs"], found["macro_recall_at_budget"], found["rank"]) == (0, None, None)
    assert found["tuning"] == {"finished": 1, "pruned": 1, "failed": 0}


def test_failed_runs_count_against_their_row(store: Records):
    study(store, {"baseline": 3.0, "shaky": 3.2}, seeds=3)
    for seed in (3, 4):
        store.write(body("shaky", "confirm", seed, status="failed", reason="loss not finite", stability={}))
    found = row(build(store), "shaky")
    assert (found["runs"], found["runs_failed"]) == (3, 2)
    assert found["stability"]["settled"] == "3/5"
    assert found["stability"]["verdicts"] == {"failed": 2, "settled": 3}


def test_a_strategy_whose_runs_all_failed_has_a_row_of_nulls(store: Records):
    study(store, {"baseline": 3.0})
    for seed in range(4):
        store.write(body("broken", "confirm", seed, status="failed", reason="loss not finite", stability={}))
    found = build(store)
    broken = row(found, "broken")
    assert (broken["rank"], broken["macro_recall_at_budget"], broken["costs_micro"]) == (None, None, None)
    assert broken["stability"]["settled"] == "0/4"
    to_json(found)


def test_a_row_has_what_the_board_promises(store: Records):
    study(store, {"baseline": 3.0, "strong": 4.0})
    found = build(store, name="toy", rho=1.0)
    assert (found["schema"], found["study"]) == (1, "toy")
    assert found["dataset"]["labels"] == LABELS
    assert found["dataset"]["labels_without_test_positive"] + found["dataset"]["labels_with_1_2_test_positives"] >= 0
    assert found["budget"]["alarms_per_document"] == ALARMS
    strong = row(found, "strong")
    for name in ("macro_recall_at_budget", "micro_recall_at_budget", "delta_macro"):
        assert strong[name]["low"] <= strong[name]["mean"] <= strong[name]["high"]
    assert set(strong["as_deployed"]) >= {"macro_recall", "micro_recall", "alarms_per_document"}
    assert set(strong["at_half"]) >= {"macro_recall", "micro_recall", "alarms_per_document", "micro_precision"}
    assert set(strong["buckets"]) == {"rare", "few", "medium", "head"}
    assert set(strong["buckets"]["few"]) >= {"macro_recall", "pooled_recall", "precision", "labels", "test_positives"}
    assert set(strong["stability"]) >= {"settled", "worst_dip", "seed_sd", "worst_seed", "spikes", "verdicts"}
    assert strong["measured"] == {"seconds": 12.0, "peak_memory_bytes": 1000.0, "tuning_seconds": None}
    assert set(strong["at_multiples"]) == {"0.5", "1", "2", "5"}
    assert strong["smallest_detectable_difference"] > 0
    at_budget = round(ALARMS * DOCUMENTS) / DOCUMENTS
    assert strong["at_multiples"]["1"]["alarms_per_document"] == pytest.approx(at_budget)


def test_a_row_is_the_mean_over_its_runs(store: Records):
    study(store, {"baseline": 3.0})
    tests = [b["test"] for b in store.all()]
    found = row(build(store), "baseline")
    assert len({t["at_budget"]["macro_recall"] for t in tests}) > 1
    assert found["macro_recall_at_budget"]["mean"] == pytest.approx(
        sum(t["at_budget"]["macro_recall"] for t in tests) / 4
    )
    assert found["macro_ap"] == pytest.approx(sum(t["macro_ap"] for t in tests) / 4)
    worst = min(t["at_budget"]["macro_recall"] for t in tests)
    assert found["stability"]["worst_seed"]["macro_recall"] == worst


def test_steps_to_95_count_from_each_runs_own_start(store: Records):
    curves = {
        "baseline": {"steps": [0, 10, 20], "macro": [0.1, 0.4, 0.5]},  # target .5: .1 + .95 * .4 = .48, at 20
        "quick": {"steps": [0, 10, 20], "macro": [0.1, 0.49, 0.5]},  # at 10
        "head start": {"steps": [0, 10, 20], "macro": [0.4, 0.49, 0.49]},  # .4 + .95 * .1 = .495: never
    }
    for arm, curve in curves.items():
        for seed in range(2):
            confirm(store, arm, seed, 3.0, curve=curve)
    found = build(store)
    assert row(found, "baseline")["steps_to_95"] == {"median": 20, "reached": "2/2"}
    assert row(found, "quick")["steps_to_95"] == {"median": 10, "reached": "2/2"}
    assert row(found, "head start")["steps_to_95"] == {"median": None, "reached": "0/2"}


def test_the_same_records_in_any_order_give_the_same_bytes(store: Records):
    study(store, {"baseline": 3.0, "strong": 4.0, "prior-only": 0.0})
    bodies = store.all()
    expected = to_json(board(bodies, store, draws=DRAWS))
    random.Random(0).shuffle(bodies)
    assert to_json(board(bodies, store, draws=DRAWS)) == expected


def test_the_clock_changes_nothing_but_what_it_measured(store: Records):
    study(store, {"baseline": 3.0, "strong": 4.0})
    slow = [b | {"measured": {"seconds": 5000.0, "peak_memory_bytes": 1}} for b in store.all()]
    one, other = build(store), board(slow, store, {}, draws=DRAWS)
    assert one != other
    for found in (one, other):
        for r in found["rows"]:
            r.pop("measured")
    assert to_json(one) == to_json(other)


def test_a_study_without_a_baseline_or_without_records_still_has_a_board(store: Records):
    empty = build(store)
    assert empty["rows"] == []
    assert "Nothing is ranked" in sentence(empty)
    study(store, {"focal": 3.0})
    found = build(store)
    assert (row(found, "focal")["rank"], row(found, "focal")["delta_macro"]) == (1, None)
    assert "no baseline" in sentence(found)


def test_a_single_run_per_strategy_claims_no_win(store: Records):
    study(store, {"baseline": 3.0, "strong": 5.0}, seeds=1)
    assert row(build(store), "strong")["better"] is None


def test_few_trials_are_called_what_they_are(store: Records):
    study(store, {"baseline": 3.0})
    for trial in range(3):
        store.write(tuned("focal", trial, 0.5, scale=trial + 1.0))
    assert build(store)["selection"]["configurations"] == "defaults and a shared quasi-random design"
    assert "TPE" in build(store, trials=24)["selection"]["configurations"]


def test_the_label_table_says_what_each_label_got(store: Records):
    study(store, {"baseline": 3.0, "strong": 4.5}, seeds=2)
    bodies = store.all()
    table = labels_table(bodies, store)
    assert len(table) == 2 * LABELS
    strong = table[table.strategy == "strong"]
    expected = [b["test"]["at_budget"]["macro_recall"] for b in bodies if b["arm"] == "strong"]
    assert strong.recall.mean() == pytest.approx(sum(expected) / 2, abs=1e-5)
    assert strong.alarms.sum() == pytest.approx(round(ALARMS * DOCUMENTS))
    assert ((strong.low <= strong.recall) & (strong.recall <= strong.high)).all()


def test_reading_a_board_leaves_the_training_libraries_out(store: Records, tmp_path: Path):
    study(store, {"baseline": 3.0, "strong": 4.0}, seeds=2)
    code = """
import json, sys
from ablate.results.formats import text, to_json, write
from ablate.results.labels import labels_table
from ablate.results.board import board
from ablate.results.record import Records
from ablate.results.terminal import rich_table
store = Records(sys.argv[1])
found = board(store.all(), store, {}, draws=50)
text(found), rich_table(found)
write(found, labels_table(store.all(), store), sys.argv[2])
print(json.dumps(sorted({"torch", "transformers", "optuna"} & set(sys.modules))))
"""
    arguments = [sys.executable, "-c", code, str(store.folder), str(tmp_path / "out")]
    done = subprocess.run(arguments, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == []
    assert json.loads((tmp_path / "out" / "leaderboard.json").read_text())["rows"]
