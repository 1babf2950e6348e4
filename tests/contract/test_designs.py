"""Combinations and designs."""

import pytest

from ablate.ablation import DESIGNS, arms, combine, on_base, trains_other_layers
from ablate.catalog import AS_ASKED, BASELINE, BASES, STRATEGIES
from ablate.components.backbone import Bag
from ablate.components.freezing import HeadOnly, LastLayers
from ablate.components.loss import Focal
from ablate.components.optimizer import HeadRate
from ablate.components.procedure import Deferred
from ablate.components.sampler import RepeatFactor
from ablate.components.weighting import EffectiveNumber, PowerWeight
from ablate.errors import AblateError
from ablate.strategy import Strategy

WEIGHT = Strategy("weight", weighting=PowerWeight(), tags=("w", "both"))
FOCAL = Strategy("focal", loss=Focal(), tags=("both", "l"))
REPEAT = Strategy("repeat", sampler=RepeatFactor())
RATE = Strategy("rate", optimizer=HeadRate())
PARTS = (WEIGHT, FOCAL, REPEAT, RATE)


def names(design, parts):
    return [arm.name for arm in arms(design, parts)]


def test_a_combination_has_the_changes_and_tags_of_its_parts():
    both = combine(WEIGHT, FOCAL)
    assert both == Strategy("weight+focal", weighting=PowerWeight(), loss=Focal())
    assert both.tags == ("w", "both", "l")


def test_a_combination_may_be_named():
    assert combine(WEIGHT, FOCAL, name="mine").name == "mine"
    assert combine(WEIGHT, name="mine") == Strategy("mine", weighting=PowerWeight())


def test_nothing_combined_is_the_baseline():
    assert combine() == BASELINE


def test_parts_that_change_one_factor_clash_by_name():
    other = Strategy("effective", weighting=EffectiveNumber())
    with pytest.raises(AblateError, match="'weight' and 'effective' both set the factor weighting"):
        combine(WEIGHT, FOCAL, other)


def test_a_stage_that_sets_the_factor_of_another_part_clashes_by_name():
    deferred = Strategy("deferred", procedure=Deferred((EffectiveNumber(),)))
    message = "'weight' sets the factor weighting, and a later stage of 'deferred' sets it again"
    for parts in ((WEIGHT, deferred), (deferred, FOCAL, WEIGHT)):
        with pytest.raises(AblateError, match=message):
            combine(*parts)
    # a part may well change in a later stage what it sets itself
    own = Strategy("own", weighting=PowerWeight(), procedure=Deferred((EffectiveNumber(),)))
    assert set(combine(own, FOCAL).changed) == {"weighting", "procedure", "loss"}


def test_parts_that_agree_on_a_factor_do_not_clash():
    assert combine(WEIGHT, Strategy("same", weighting=PowerWeight(), loss=Focal())).changed == {
        "weighting": PowerWeight(),
        "loss": Focal(),
    }


@pytest.mark.parametrize("design", DESIGNS)
def test_a_design_over_no_parts_is_the_baseline(design):
    assert names(design, ()) == ["baseline"]


@pytest.mark.parametrize("design", DESIGNS)
def test_a_design_over_one_part_is_that_part_and_the_baseline(design):
    assert names(design, (FOCAL,)) == ["baseline", "focal"]


@pytest.mark.parametrize(
    ("design", "sizes"),
    [
        ("add-one-in", {0: 1, 1: 4}),
        ("leave-one-out", {0: 1, 1: 4, 3: 4, 4: 1}),
        ("pairwise", {0: 1, 1: 4, 2: 6}),  # 4 choose 2
        ("factorial", {0: 1, 1: 4, 2: 6, 3: 4, 4: 1}),  # 2 ** 4 in all
    ],
)
def test_a_design_over_four_parts_has_its_subset_sizes(design, sizes):
    found = arms(design, PARTS)
    counts = [len(arm.changed) for arm in found]
    assert {size: counts.count(size) for size in set(counts)} == sizes
    assert len({arm.name for arm in found}) == len(found)
    assert found[0] == BASELINE


def test_every_pair_of_a_pairwise_design_is_named_in_order():
    assert names("pairwise", PARTS[:3])[4:] == ["weight+focal", "weight+repeat", "focal+repeat"]


def test_leaving_one_out_of_two_parts_runs_each_subset_once():
    assert names("leave-one-out", (WEIGHT, FOCAL)) == ["baseline", "weight", "focal", "weight+focal"]


def test_parts_that_cannot_be_combined_clash_only_where_a_design_combines_them():
    clashing = (WEIGHT, Strategy("effective", weighting=EffectiveNumber()))
    assert names("add-one-in", clashing) == ["baseline", "weight", "effective"]
    with pytest.raises(AblateError, match="both set the factor weighting"):
        arms("pairwise", clashing)


def test_a_part_alone_keeps_what_is_said_of_it():
    identity = next(strategy for strategy in STRATEGIES if strategy.identity_of)
    alone = arms("add-one-in", (identity,))[1]
    assert (alone.identity_of, alone.helps) == (identity.identity_of, identity.helps)
    # a combination is no identity, even with one in it
    assert arms("pairwise", (identity, FOCAL))[3].identity_of == ""


def test_a_part_that_changes_nothing_is_not_run_twice():
    assert names("pairwise", (BASELINE, FOCAL)) == ["baseline", "focal"]


def test_an_unknown_design_has_a_near_match():
    with pytest.raises(AblateError, match=r"unknown design 'pairwize'; did you mean 'pairwise'\?"):
        arms("pairwize", PARTS)


def test_a_strategy_stands_on_a_base_with_its_own_changes_on_top():
    assert on_base(FOCAL, BASES["head-only"]) == FOCAL.replace(freezing=HeadOnly())
    own = Strategy("own", freezing=LastLayers(3))
    assert on_base(own, BASES["head-only"]) == own
    assert on_base(FOCAL, BASES["full"]) == FOCAL


def test_only_what_sets_other_layers_itself_stands_apart():
    base = Strategy("base", backbone=Bag(), freezing=LastLayers())
    assert trains_other_layers(Strategy("s", freezing=HeadOnly()), base)
    assert trains_other_layers(Strategy("s", backbone=Bag(width=8)), base)
    assert not trains_other_layers(Strategy("s", freezing=LastLayers()), base)
    assert not trains_other_layers(on_base(AS_ASKED, base), base)
    assert not trains_other_layers(RATE, base)
