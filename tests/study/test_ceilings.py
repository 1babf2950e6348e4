"""On generated data a board says what was possible at all."""

from __future__ import annotations

import numpy as np
import pytest
from small_study import plan, rows

from ablate.data.source import load
from ablate.results.board import board
from ablate.results.record import Records
from ablate.results.recovered import above_ceiling
from ablate.results.story import footnotes
from ablate.study.conduct import study


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    base = tmp_path_factory.mktemp("ceilings")
    out = base / "out"
    study(plan(out, base / "cache", documents=1000, trials=1, seeds=2, steps=150))
    return out


def test_the_truth_of_a_generated_set_is_in_the_order_of_its_labels():
    made = load("synthetic:quickstart", documents=1000)
    assert made.oracle is not None
    eta = made.oracle.posterior("test")
    labels = made.part("test")[1]
    assert eta.shape == (len(labels), labels.width)
    # the posterior of what is true is on average far above that of what is not
    truth = labels.dense() > 0
    assert eta[truth].mean() > 0.5 > 20 * eta[~truth].mean()
    # calibrated, label by label in sum: expected and counted positives differ by less than five deviations
    spread = np.sqrt((eta * (1 - eta)).sum(0)) + 1e-9
    assert (np.abs(eta.sum(0) - truth.sum(0)) / spread).max() < 5


def test_documents_drawn_given_a_label_carry_it_and_are_in_no_other_split():
    made = load("synthetic:quickstart", documents=1000)
    tail = made.rows("tail")
    drawn_for = made.oracle.drawn_for
    labels = made.labels.take(tail).dense()
    assert labels[np.arange(len(tail)), drawn_for].all()
    assert len(set(np.bincount(drawn_for, minlength=made.labels.width).tolist())) == 1
    assert len(made.texts) - made.documents == len(tail) > 0
    assert not set(tail) & set(np.concatenate([made.rows(split) for split in ("train", "validation", "test")]))


def test_ceilings_stand_above_every_strategy_and_shares_lie_between_floor_and_ceiling(finished):
    found = rows(finished)
    best = found["bayes-macro-ceiling"]["drawn_macro"]["mean"]
    strategies = [row for row in found.values() if row["kind"] == "strategy"]
    assert strategies
    for row in strategies:
        assert row["drawn_macro"]["mean"] < best
        assert 0 < row["recovered"]["all"] < 1
    assert found["bayes-ceiling"]["kind"] == found["learner-ceiling"]["kind"] == "ceiling"
    assert found["bayes-ceiling"]["drawn_macro"]["mean"] > found["learner-ceiling"]["drawn_macro"]["mean"] - 0.02
    assert found["prior-only"]["recovered"] is None


def test_the_frontier_trades_macro_for_micro_recall(finished):
    points = rows(finished)["bayes-ceiling"]["frontier"]
    assert (points[0]["alpha"], points[-1]["alpha"]) == (0, 1)
    assert points[0]["micro_recall"] > points[-1]["micro_recall"]
    assert points[0]["macro_recall_drawn"] < points[-1]["macro_recall_drawn"]


def test_a_strategy_above_what_is_possible_is_called_a_bug_or_a_leak(finished):
    records = Records(finished / "records")
    found = board(records.all(), records)
    assert above_ceiling(found["rows"]) == []
    assert not [note for note in footnotes(found) if "WARNING" in note]
    cheat = next(row for row in found["rows"] if row["strategy"] == "focal")
    cheat["drawn_macro"] = {"mean": 0.999, "low": 0.998, "high": 1.0}
    assert above_ceiling(found["rows"]) == ["focal"]
    assert [note for note in footnotes(found) if "WARNING: focal" in note]
