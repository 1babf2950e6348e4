from __future__ import annotations

import pytest
from planted_studies import confirm, study, tuned

from ablate.results.board import board
from ablate.results.confirmed import at_defaults, confirmed
from ablate.results.formats import markdown, text, to_csv, to_json
from ablate.results.record import Records


def build(store: Records) -> dict:
    return board(store.all(), store, {}, draws=100)


def rows(found: dict) -> dict[str, dict]:
    return {row["strategy"]: row for row in found["rows"]}


def tune(store: Records, arm: str, untuned: float, other: float) -> None:
    """Trial 0 with the defaults (scale 1), trial 1 with scale 2."""
    store.write(tuned(arm, 0, untuned, scale=1.0))
    store.write(tuned(arm, 1, other, scale=2.0))


@pytest.fixture
def both(store: Records) -> Records:
    """``focal`` was tuned from evidence 3 to 4.5; for ``softmax`` its defaults were chosen."""
    study(store, {"baseline": 3.0, "prior-only": 0.0})
    tune(store, "focal", 0.4, 0.6)
    tune(store, "softmax", 0.6, 0.4)
    for seed in range(4):
        confirm(store, "focal", seed, 3.0, scale=1.0)
        confirm(store, "focal", seed, 4.5, scale=2.0)
        confirm(store, "softmax", seed, 3.5, scale=1.0)
    return store


def test_the_defaults_stand_beside_what_tuning_chose(both: Records):
    found = rows(build(both))
    tests = {
        (b["arm"], b["parameters"]["optimizer.scale"], b["identity"]["seed"]): b["test"]["at_budget"]["macro_recall"]
        for b in both.all()
        if b.get("test")
    }
    by_hand = [[tests["focal", scale, seed] for seed in range(4)] for scale in (1.0, 2.0)]
    defaults = found["focal"]["at_defaults"]
    assert defaults["runs"] == 4
    assert defaults["macro_recall_at_budget"]["mean"] == pytest.approx(sum(by_hand[0]) / 4)
    assert defaults["tuning_gain"]["mean"] == pytest.approx((sum(by_hand[1]) - sum(by_hand[0])) / 4)
    assert defaults["tuning_gain"]["low"] > 0
    assert found["focal"]["macro_recall_at_budget"]["mean"] == pytest.approx(sum(by_hand[1]) / 4)


def test_defaults_that_tuning_chose_gain_exactly_nothing(both: Records):
    found = rows(build(both))
    assert found["softmax"]["at_defaults"]["tuning_gain"] == {"mean": 0.0, "low": 0.0, "high": 0.0}
    assert found["baseline"]["at_defaults"] is None  # never tuned: no trial says what its defaults are
    assert found["prior-only"]["at_defaults"] is None


def test_columns_and_notes_come_with_them(both: Records, store: Records):
    found = build(both)
    assert "macro at defaults" in markdown(found)
    assert "tuning gain" in markdown(found)
    assert "Macro at defaults: each strategy untuned" in text(found)
    assert "at_defaults.tuning_gain.low" in to_csv(found).splitlines()[0]


def test_only_the_chosen_configuration_counts_for_the_row(both: Records):
    bodies = [b for b in both.all() if b["arm"] == "focal"]
    assert {b["parameters"]["optimizer.scale"] for b in confirmed(bodies)[0]} == {2.0}
    assert {b["parameters"]["optimizer.scale"] for b in at_defaults(bodies)} == {1.0}


def test_a_board_without_confirmed_defaults_says_nothing_of_them(store: Records):
    study(store, {"baseline": 3.0})
    tune(store, "softmax", 0.6, 0.4)
    tune(store, "focal", 0.4, 0.6)
    for seed in range(4):
        confirm(store, "softmax", seed, 3.5, scale=1.0)
        confirm(store, "focal", seed, 4.5, scale=2.0)
    found = build(store)
    assert "at_defaults" not in to_json(found)
    assert "defaults" not in markdown(found).split("**")[0].split("- ")[0]


def test_defaults_whose_runs_failed_leave_a_blank(both: Records):
    bodies = [
        b | {"status": "failed", "test": None}
        if b["arm"] == "focal" and b["parameters"]["optimizer.scale"] == 1.0 and b["identity"]["phase"] == "confirm"
        else b
        for b in both.all()
    ]
    found = board(bodies, both, {}, draws=50)
    assert rows(found)["focal"]["at_defaults"] is None
    assert rows(found)["focal"]["runs"] == 4
