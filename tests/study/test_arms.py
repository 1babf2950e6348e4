from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

import pytest
import torch

from ablate.ablation import on_base
from ablate.catalog import BASELINE
from ablate.components.backbone import TinyBert, backbone
from ablate.components.freezing import LastLayers
from ablate.encoders.bag import BagEncoder, train_words
from ablate.encoders.base import Encoder
from ablate.errors import AblateError
from ablate.plugins import Registry, registry
from ablate.strategy import Strategy
from ablate.study.arm import Arm
from ablate.study.arms import DEFAULT, OTHER_LAYERS, base_of, choose
from ablate.testing import ToyEncoder

BAG = BagEncoder(train_words(["a b", "a b"]), 4)
LAYERED = ToyEncoder()  # three layers
FROZEN = "its head reads tokens, and a frozen encoder gives one vector per document"


def arms(
    strategies: list[str] | None = None,
    parts: list[str] | None = None,
    design: str = "add-one-in",
    base: str = "full",
    encoder: Encoder = BAG,
    fixed: Mapping[str, Any] | None = None,
    found: Registry | None = None,
) -> tuple[dict[str, Arm], list[str]]:
    chosen, notes = choose(found or registry(), strategies, parts, design, base_of(base), encoder, fixed or {})
    assert len({arm.name for arm in chosen}) == len(chosen)
    return {arm.name: arm for arm in chosen}, notes


def test_the_references_come_first_whatever_is_asked_for():
    assert list(arms(["focal", "as-asked", "softmax", "baseline", "focal"])[0]) == [
        *("baseline", "as-asked", "focal", "softmax")
    ]
    assert list(arms([])[0]) == ["baseline", "as-asked"]
    assert list(arms()[0]) == ["baseline", "as-asked", *DEFAULT]


def test_all_means_every_strategy_that_can_differ_from_the_baseline():
    chosen, notes = arms(["all"], encoder=LAYERED)
    assert set(registry().strategies) - set(chosen) <= {"roberta"}  # where its weights are not here
    assert len(notes) == len(set(registry().strategies) - set(chosen))


@pytest.mark.parametrize(
    ("name", "base", "encoder", "why"),
    [
        ("last-layers", "full", BAG, "bag has no layers to freeze"),
        ("head-rate", "head-only", LAYERED, "only the head is trained, so a rate of its own is the same as the rate"),
        ("last-layers", "last-layers", LAYERED, "the base is that already"),
        ("linear-probe", "head-only", LAYERED, "the base is that already"),
        ("layer-decay", "full", BAG, "every layer of bag has the same rate"),
        ("layer-decay", "head-only", LAYERED, "only the head is trained, so a rate of its own is the same as the rate"),
        ("lora", "full", BAG, "bag has no layers to freeze"),
        ("mean-head", "full", BAG, "bag pools by the mean of its tokens already"),
        ("label-attention", "head-only", LAYERED, FROZEN),
        ("label-attention-named", "head-only", LAYERED, FROZEN),
    ],
)
def test_a_strategy_that_cannot_differ_is_left_out_with_the_reason(name: str, base: str, encoder: Encoder, why: str):
    chosen, notes = arms(["focal", name], base=base, encoder=encoder)
    assert list(chosen) == ["baseline", "as-asked", "focal"]
    assert notes == [f"{name} is left out: {why}"]


def test_a_combination_whose_parts_read_different_things_is_left_out_with_the_reason():
    chosen, notes = arms(parts=["label-attention", "mixup"], design="factorial", encoder=LAYERED)
    why = "the mixer blends vectors of documents, and the head reads tokens"
    assert notes == [f"label-attention+mixup is left out: {why}"]
    assert list(chosen) == ["baseline", "as-asked", "label-attention", "mixup"]


def test_a_strategy_whose_stages_read_different_things_is_left_out_with_the_reason():
    found = registry()
    both = found.get("label-attention").replace(name="both", procedure=found.get("lws").procedure)
    found.add([both], "this test")
    _, notes = arms(["both"], encoder=LAYERED, found=found)
    assert notes == ["both is left out: a later stage puts a head that reads documents on one that reads tokens"]


def test_a_part_that_cannot_differ_is_no_part_of_the_design():
    chosen, notes = arms(parts=["focal", "mean-head", "pos-weight-sqrt"], design="factorial")
    assert notes == ["mean-head is left out: bag pools by the mean of its tokens already"]
    assert list(chosen) == ["baseline", "as-asked", "focal", "pos-weight-sqrt", "focal+pos-weight-sqrt"]
    assert {arm.among for name, arm in chosen.items() if name != "as-asked"} == {("focal", "pos-weight-sqrt")}


def test_every_arm_of_a_design_knows_its_parts():
    chosen, _ = arms(parts=["focal", "pos-weight-sqrt"], design="pairwise")
    assert {name: arm.strategy.parts for name, arm in chosen.items() if arm.design} == {
        "baseline": (),
        "focal": ("focal",),
        "pos-weight-sqrt": ("pos-weight-sqrt",),
        "focal+pos-weight-sqrt": ("focal", "pos-weight-sqrt"),
    }
    assert (chosen["as-asked"].design, chosen["as-asked"].among) == ("", ())


def test_a_backbone_whose_weights_are_not_here_is_left_out_with_the_command(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("ablate.study.arms.available", lambda name: False)
    chosen, notes = arms(["roberta", "focal"], encoder=LAYERED)
    assert list(chosen) == ["baseline", "as-asked", "focal"]
    assert notes == [
        "roberta is left out: the weights of roberta-base are not on this machine "
        "(fetch them with: hf download roberta-base)"
    ]
    monkeypatch.setattr("ablate.study.arms.available", lambda name: True)
    chosen, _ = arms(["roberta"], encoder=LAYERED)
    assert chosen["roberta"].part == OTHER_LAYERS
    base = on_base(base_of("full"), BASELINE.replace(backbone=backbone("roberta-base")))
    _, notes = choose(registry(), ["roberta"], None, "add-one-in", base, LAYERED, {})
    assert notes == ["roberta is left out: the base is that already"]


def test_lora_without_its_package_is_left_out_with_the_command(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "peft", None)
    _, notes = arms(["lora"], encoder=LAYERED)
    assert notes == ["lora is left out: LoRA needs the package peft; pip install 'ablate[lora]'"]


def test_adapters_and_unfreezing_fit_a_base_that_trains_the_head_alone():
    wanted = ["lora", "gradual-unfreezing", "freeze-bottom"]
    chosen, notes = arms(wanted, base="head-only", encoder=LAYERED)
    assert notes == []
    assert {chosen[name].part for name in wanted} == {OTHER_LAYERS}
    assert not any("lora" in name for name, _ in LAYERED.named_parameters())  # the shared encoder is left as it was


def test_what_sets_other_layers_than_the_base_stands_in_its_own_part():
    found = registry()
    found.add([Strategy("on-bert", backbone=TinyBert())], "here")
    chosen, _ = arms(["focal", "last-layers", "on-bert"], encoder=LAYERED, found=found)
    parts = {name: arm.part for name, arm in chosen.items()}
    assert parts == {
        **dict.fromkeys(("baseline", "as-asked", "focal"), ""),
        **dict.fromkeys(("last-layers", "on-bert"), OTHER_LAYERS),
    }


def test_what_the_base_trains_is_the_same_for_all_arms_and_is_not_tuned():
    chosen, _ = arms(["focal"], base="last-layers", encoder=LAYERED)
    for arm in chosen.values():
        assert arm.strategy.freezing == LastLayers()
        assert "freezing.layers" not in arm.space
    assert set(chosen["focal"].space) == {"loss.gamma", "head.dropout", "optimizer.scale"}
    alone, _ = arms(["last-layers"], encoder=LAYERED)
    assert "freezing.layers" in alone["last-layers"].space


def test_a_parameter_is_fixed_for_every_arm_or_for_one():
    fixed = {"optimizer.scale": 2.0, "focal.head.dropout": 0.3}
    chosen, _ = arms(["focal", "softmax"], fixed=fixed)
    assert {arm.strategy.optimizer.scale for arm in chosen.values()} == {2.0}
    assert set(chosen["focal"].space) == {"loss.gamma"}
    assert set(chosen["softmax"].space) == {"head.dropout"}
    assert chosen["focal"].strategy.head.dropout == 0.3
    assert chosen["softmax"].strategy.head.dropout == 0.1


@pytest.mark.parametrize("order", [1, -1])
def test_an_arms_own_setting_wins_over_that_of_all_arms(order: int):
    fixed = dict([("baseline.head.dropout", 0.4), ("head.dropout", 0.2)][::order])
    chosen, _ = arms(["focal"], fixed=fixed)
    assert {name: arm.strategy.head.dropout for name, arm in chosen.items()} == {
        "baseline": 0.4,
        "as-asked": 0.2,
        "focal": 0.2,
    }


def test_a_fixed_parameter_stays_where_the_others_are_configured():
    chosen, _ = arms(["focal"], fixed={"optimizer.scale": 2.0})
    configured = chosen["focal"].configured({"loss.gamma": 4.0})
    assert (configured.strategy.loss.gamma, configured.strategy.optimizer.scale) == (4.0, 2.0)
    assert "optimizer.scale" not in configured.space


@pytest.mark.parametrize(
    ("design", "expected"),
    [
        ("add-one-in", ["focal", "repeat-factor"]),
        ("leave-one-out", ["focal", "repeat-factor", "focal+repeat-factor"]),
        ("factorial", ["focal", "repeat-factor", "focal+repeat-factor"]),
    ],
)
def test_parts_are_combined_by_the_design(design: str, expected: list[str]):
    chosen, _ = arms(parts=["focal", "repeat-factor", "focal"], design=design)
    assert list(chosen) == ["baseline", "as-asked", *expected]


def test_the_baseline_as_a_part_adds_no_arm():
    assert list(arms(parts=["baseline", "focal"], design="pairwise")[0]) == ["baseline", "as-asked", "focal"]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"strategies": ["focl"]}, "unknown strategy 'focl'; did you mean 'focal'"),
        ({"parts": ["focal"], "design": "pairwse"}, "unknown design 'pairwse'; did you mean 'pairwise'"),
        ({"parts": ["focal", "softmax"], "design": "pairwise"}, "'focal' and 'softmax' both set the factor loss"),
        ({"strategies": ["softmax"], "fixed": {"loss.gama": 1}}, "--set loss.gama: no arm has this parameter$"),
        ({"strategies": ["focal"], "fixed": {"loss.gama": 1}}, "did you mean 'loss.gamma'"),
        ({"strategies": ["focal"], "fixed": {"loss.gamma": 9}}, "loss.gamma = 9 lies outside its range 0.5 to 5"),
    ],
)
def test_what_cannot_be_is_refused(changes: dict, message: str):
    with pytest.raises(AblateError, match=message):
        arms(**changes)


def test_every_arm_of_a_base_has_the_bases_backbone():
    base = on_base(base_of("head-only"), BASELINE.replace(backbone=TinyBert()))
    torch.manual_seed(0)
    chosen, _ = choose(registry(), ["focal", "as-asked"], None, "add-one-in", base, LAYERED, {})
    assert {arm.strategy.backbone for arm in chosen} == {TinyBert()}
    assert {arm.strategy.freezing for arm in chosen} == {base_of("head-only").freezing}
