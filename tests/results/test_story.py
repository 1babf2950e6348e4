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


def test_a_control_that_reads_nothing_is_said_to(store: Records):
    study(store, {"baseline": 3.0, "twin": 3.0})
    confirm(store, "prior-only", 0, 5.0, kind="control")
    assert "The control prior-only, which reads no text, stands above every ranked row" in sentence(build(store))


def test_the_sentence_gives_the_interval_that_the_star_rests_on(store: Records):
    study(store, {"baseline": 3.0, "strong": 4.5, "twin": 3.0})
    found = build(store)
    strong = found["rows"][0]
    low, high = (f"{100 * strong['better_interval'][end]:+.1f}" for end in ("low", "high"))
    assert f"[{low}, {high}] points over the baseline" in sentence(found)
    assert any(note.startswith("Delta to baseline: each interval by itself.") for note in footnotes(found))


def test_what_gains_but_costs_micro_is_named_where_nothing_else_gains(store: Records):
    study(store, {"baseline": 3.0})
    for seed in range(4):
        confirm(store, "greedy", seed, 6.0, tilt=4.0)
    found = build(store)
    greedy = next(r for r in found["rows"] if r["strategy"] == "greedy")
    assert greedy["costs_micro"]
    assert "greedy" not in sentence(found)  # it costs macro recall, too
    greedy["delta_macro"] = {"mean": 0.069, "low": 0.05, "high": 0.08}
    told = sentence(found)
    assert told.startswith("Nothing that keeps micro recall can be told from the baseline")
    assert "greedy gains +6.9 [+5.0, +8.0] points but costs micro recall (-" in told


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
