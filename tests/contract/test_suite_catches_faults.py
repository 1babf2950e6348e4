"""The conformance suite says in words what is wrong with a faulty strategy, and passes what only looks wrong."""

import pytest
import torch
from faulty import FAULTS, ByRow, Capped, Detached, PerDocument, Unsourced

from ablate.api import HeadOnly, Procedure, Strategy
from ablate.testing import CHECKS, ESSENTIAL, examine, failures


@pytest.mark.parametrize(
    ("strategy", "check", "words"), FAULTS, ids=[f"{s.name}-{check}-{n}" for n, (s, check, _) in enumerate(FAULTS)]
)
def test_a_fault_is_reported_in_words(strategy, check, words):
    found = [failure for failure in failures(strategy) if failure.startswith(f"{check}: ")]
    assert len(found) == 1
    assert words in found[0]
    assert "\n" not in found[0]


def test_a_failure_names_the_strategy():
    assert failures(FAULTS[0][0])[0].startswith("weights: strategy 'shape': ")


def test_a_weight_of_a_million_on_a_rare_label_is_legal():
    assert failures(Strategy("capped", weighting=Capped())) == []


def test_features_may_be_cut_off_where_the_head_alone_is_trained():
    assert failures(Strategy("probe", mixer=Detached(), freezing=HeadOnly())) == []


def test_a_class_that_cannot_be_found_again_fails_the_round_trip():
    class Local(Procedure):
        """Defined inside a function."""

        source = "nobody"

    assert any("cannot be found" in failure for failure in failures(Strategy("local", procedure=Local())))


def test_every_check_says_what_it_asks():
    assert all(check.__name__.startswith("check_") and check.__doc__ for check in CHECKS)


@pytest.mark.parametrize("component", [ByRow(), Unsourced()], ids=["by row", "unsourced"])
def test_what_is_only_bad_manners_keeps_no_strategy_out_of_a_study(component):
    strategy = Strategy("rude", weighting=component)
    assert failures(strategy)
    assert failures(strategy, ESSENTIAL) == []


def test_the_suite_leaves_the_random_numbers_of_its_caller_as_they_were():
    torch.manual_seed(7)
    before = torch.get_rng_state()
    examine(Strategy("plain"))
    assert torch.equal(torch.get_rng_state(), before)


def test_every_check_is_told_of_with_what_it_asks():
    found = examine(Strategy("shape", weighting=PerDocument()))
    assert [f"check_{one.check}" for one in found] == [check.__name__ for check in CHECKS]
    assert all(one.asks.endswith((".", ":")) for one in found)
    told = {one.check: one.passed for one in found}
    assert (told["weights"], told["json_round_trip"]) == (False, True)
