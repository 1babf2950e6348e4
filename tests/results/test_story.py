"""What a board says in words."""

from planted_studies import confirm, study

from ablate.results.board import board
from ablate.results.record import Records
from ablate.results.story import footnotes, sentence

DRAWS = 200


def build(store: Records) -> dict:
    return board(store.all(), store, {}, draws=DRAWS)


def test_a_control_above_every_ranked_row_is_named(store: Records):
    study(store, {"baseline": 3.0, "twin": 3.0})
    confirm(store, "linear", 0, 5.0, kind="control")
    assert "The control linear stands above every ranked row" in sentence(build(store))


def test_a_control_below_the_leader_is_not_mentioned(store: Records):
    study(store, {"baseline": 3.0, "twin": 3.0})
    confirm(store, "linear", 0, 1.0, kind="control")
    assert "control" not in sentence(build(store))


def test_the_identity_row_is_offered_as_the_yardstick_of_tuning_luck(store: Records):
    study(store, {"baseline": 3.0})
    for seed in range(4):
        confirm(store, "logit-adjusted", seed, 3.1, identity_of="BCE reparametrised")
    found = build(store)
    row = next(r for r in found["rows"] if r["strategy"] == "logit-adjusted")
    (note,) = [n for n in footnotes(found) if "in other terms" in n]
    assert f"{100 * row['delta_macro']['mean']:+.1f}" in note
