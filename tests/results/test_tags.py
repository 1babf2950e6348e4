"""What a tag means is told from records, as the catalogue means it, without torch."""

from __future__ import annotations

from planted_studies import body, study

from ablate.catalog import STRATEGIES
from ablate.results.board import board
from ablate.results.story import sentence
from ablate.results.tags import BUILT_IN, only, tags_of

FOCAL = {"class": "ablate.components.loss:Focal"}


def made(arm: str, strategy: dict, **changes):
    one = body(arm, "confirm", 0, **changes)
    return one | {"identity": {**one["identity"], "strategy": {"name": arm, **strategy}}}


def test_the_tags_of_built_in_strategies_are_those_of_the_catalogue():
    wanted: dict[str, set[str]] = {}
    for strategy in STRATEGIES:
        for tag in strategy.tags:
            wanted.setdefault(tag, set()).add(strategy.name)
    assert {tag: set(names.split()) for tag, names in BUILT_IN.items()} == wanted


def test_a_strategy_has_the_tags_of_its_record_of_its_parts_and_of_what_it_changes():
    bag = {"class": "ablate.components.backbone:Bag"}
    neutral = {"class": "ablate.factors:Optimizer", "scale": 2.0}
    found = tags_of(
        [
            made("baseline", {"backbone": bag}),
            made("focal", {"backbone": bag, "loss": FOCAL, "optimizer": neutral}),
            made("mine", {"backbone": bag, "sampler": {"class": "plugin:Mine"}}, tags=["ours"]),
            made("repeat-factor+focal", {"backbone": bag}, design={"parts": ["repeat-factor", "focal"]}),
            made("prior-only", {"backbone": {"class": "other:Thing"}}, kind="control"),
        ]
    )
    assert found == {
        "baseline": set(),
        "focal": {"loss"},
        "mine": {"ours", "sampler"},
        "repeat-factor+focal": {"forum", "sampler", "loss"},
    }


def test_chosen_rows_keep_the_ranks_and_marks_of_the_whole_board(store):
    study(store, {"baseline": 3.0, "focal": 4.5, "repeat-factor": 5.0, "prior-only": 0.0})
    whole = board(store.all(), store, draws=100)
    some = only(whole, store.all(), ["loss"])
    assert [row["strategy"] for row in some["rows"]] == ["focal", "baseline", "prior-only"]
    assert all(row in whole["rows"] for row in some["rows"])
    assert some["rows"][0]["rank"] == 2
    assert sentence(some).startswith("Rows tagged loss")
    assert only(whole, store.all(), []) is whole
