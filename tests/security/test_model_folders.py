"""A model's folder runs no code and loads no pickle, whatever lies in it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from planted import change, evil_bytes, evil_code, model_folder

from ablate.encoders.pretrained import load
from ablate.encoders.vetted import fault
from ablate.errors import AblateError


@pytest.fixture
def marker(tmp_path: Path):
    yield tmp_path / "marker"
    assert not (tmp_path / "marker").exists()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return model_folder(tmp_path / "mine")


AUTO = {"AutoConfig": "own.OwnConfig", "AutoModel": "own.OwnModel", "AutoTokenizer": ["own.OwnTokenizer", None]}


def refused(folder: Path, message: str) -> None:
    with pytest.raises(AblateError, match=message) as caught:
        load(str(folder))
    assert "\n" not in str(caught.value)


def test_a_folder_as_it_should_be_is_loaded(folder: Path):
    assert fault(folder) == ""
    assert load(str(folder)).width == 8


def test_pickled_weights_alone_are_refused_with_the_remedy(folder: Path, marker: Path):
    (folder / "model.safetensors").unlink()
    (folder / "pytorch_model.bin").write_bytes(evil_bytes(marker))
    refused(folder, r"has only pickled weights \(pytorch_model.bin\), never loaded; write it as safetensors with save_")


def test_pickles_beside_the_weights_are_not_looked_at(folder: Path, marker: Path):
    for name in ("pytorch_model.bin", "training_args.bin", "vocab.pkl", "optimizer.pt", "adapter_model.bin"):
        (folder / name).write_bytes(evil_bytes(marker))
    assert load(str(folder)).width == 8


def test_code_of_a_model_that_transformers_knows_is_not_run(folder: Path, marker: Path):
    (folder / "own.py").write_text(evil_code(marker))
    for file in ("config.json", "tokenizer_config.json"):
        change(folder / file, auto_map=AUTO)
    assert load(str(folder)).width == 8


@pytest.mark.parametrize("said", ["config.json", "both"])
def test_a_model_that_needs_code_of_its_own_is_refused(folder: Path, marker: Path, said: str):
    (folder / "own.py").write_text(evil_code(marker))
    if said == "both":
        change(folder / "tokenizer_config.json", auto_map=AUTO)
    change(folder / "config.json", model_type="own-model", auto_map=AUTO)
    refused(folder, r"needs code of its own, which is never run; take a model that transformers has a class for$")


def test_an_adapter_is_refused_before_it_leads_anywhere(folder: Path, marker: Path):
    told = {"peft_type": "LORA", "base_model_name_or_path": str(folder), "r": 1, "target_modules": ["query"]}
    (folder / "adapter_config.json").write_text(json.dumps(told))
    (folder / "adapter_model.bin").write_bytes(evil_bytes(marker))
    refused(folder, r"adapter_config.json makes it an adapter of another model; merge the two and write the whole")


@pytest.mark.parametrize("named", ["adapter_model.bin", "other.safetensors"])
def test_a_configuration_that_names_other_weights_is_refused(folder: Path, marker: Path, named: str):
    (folder / named).write_bytes(evil_bytes(marker))
    change(folder / "config.json", transformers_weights=named)
    refused(folder, r"config.json names other weights \(transformers_weights\)")


@pytest.mark.parametrize("key", ["attn_implementation", "_attn_implementation", "experts_implementation"])
def test_a_configuration_that_asks_for_code_of_the_hub_is_refused(folder: Path, key: str):
    change(folder / "config.json", **{key: "somebody/kernel"})
    refused(folder, r"config.json asks for code of the hub \('somebody/kernel'\), which is never run")
    change(folder / "config.json", **{key: None}, inner={key: {"": "somebody/other"}})
    refused(folder, r"asks for code of the hub \('somebody/other'\)")
    change(folder / "config.json", inner={key: "eager"})
    assert fault(folder) == ""


def test_an_index_may_name_the_weights_beside_it_alone(folder: Path, marker: Path):
    shard, index = folder / "model-00001-of-00001.safetensors", folder / "model.safetensors.index.json"
    (folder / "model.safetensors").rename(shard)
    for stray in ("pytorch_model.bin", "../elsewhere.safetensors"):
        (folder / stray).write_bytes(evil_bytes(marker))
        index.write_text(json.dumps({"metadata": {}, "weight_map": {"a": shard.name, "b": stray}}))
        refused(folder, r"model.safetensors.index.json names '.*', which is no model-\*.safetensors beside it")
    index.write_text(json.dumps({"metadata": {}, "weight_map": {"a": shard.name}}))
    assert fault(folder) == ""


def test_an_exported_model_is_held_to_the_same(tmp_path: Path, folder: Path, marker: Path):
    from ablate.export.deployed import load_model

    change(folder / "config.json", ablate={"rule": {"cuts": [0.0, 0.0]}}, id2label={"0": "soup", "1": "bread"})
    (folder / "adapter_config.json").write_text("{}")
    (folder / "adapter_model.bin").write_bytes(evil_bytes(marker))
    with pytest.raises(AblateError, match=r"adapter_config.json makes it an adapter"):
        load_model(folder)
