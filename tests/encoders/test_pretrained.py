import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
import torch
from random_encoders import FAMILIES, TEXTS, build
from torch.testing import assert_close
from transformers import PreTrainedTokenizerFast

from ablate.encoders import sources
from ablate.encoders.pretrained import available, load
from ablate.errors import AblateError

needs_minilm = pytest.mark.skipif(not available("minilm"), reason=f"MiniLM is not installed: {sources.GET_MINILM}")


def saved(family: str, place: Path) -> Path:
    """A folder as ``save_pretrained`` writes it."""
    encoder = build(family, "pooler")
    encoder.model.save_pretrained(place)
    names = {"pad_token": "[PAD]", "cls_token": "[CLS]", "sep_token": "[SEP]", "unk_token": "[UNK]"}
    bytewise = {"pad_token": "<pad>", "bos_token": "<s>", "eos_token": "</s>", "cls_token": "<s>", "sep_token": "</s>"}
    special = names if family == "bert" else bytewise
    PreTrainedTokenizerFast(tokenizer_object=encoder.tokenizer._pipeline, **special).save_pretrained(place)
    return place


@pytest.mark.parametrize("family", FAMILIES)
def test_a_saved_model_gives_the_same_vectors_and_its_path_goes_nowhere(family: str, tmp_path: Path) -> None:
    place = saved(family, tmp_path / "mine")
    encoder, original = load(str(place), pooling="pooler").eval(), build(family).eval()
    assert_close(encoder.embed(TEXTS), original.embed(TEXTS))
    assert encoder.name == "mine"
    assert len(encoder.weights_sha256) == 64
    assert encoder.weights_sha256 == load(str(place)).weights_sha256
    assert (encoder.tokenizer.prefix, encoder.tokenizer.suffix) == (
        original.tokenizer.prefix,
        original.tokenizer.suffix,
    )
    assert encoder.tokenizer.key == original.tokenizer.key


def test_each_family_has_its_own_pooling(tmp_path: Path) -> None:
    places = {family: saved(family, tmp_path / family) for family in FAMILIES}
    found = {family: load(str(place)).pooling for family, place in places.items()}
    assert found == {"bert": "pooler", "roberta": "pooler", "mpnet": "mean"}
    (places["bert"] / "1_Pooling").mkdir()
    file = places["bert"] / "1_Pooling" / "config.json"
    for declared, pooling in (("pooling_mode_mean_tokens", "mean"), ("pooling_mode_cls_token", "first")):
        file.write_text(json.dumps({declared: True}))
        assert load(str(places["bert"])).pooling == pooling


def test_weights_without_a_pooler_are_pooled_by_the_mean(tmp_path: Path) -> None:
    place = saved("roberta", tmp_path / "bare")
    encoder = build("roberta", "mean")
    encoder.model.save_pretrained(place)
    assert load(str(place)).pooling == "mean"
    with pytest.raises(AblateError, match="hold no pooler"):
        load(str(place), pooling="pooler")


def test_loading_says_nothing(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    place = saved("bert", tmp_path / "quiet")
    build("bert", "mean").model.save_pretrained(place)
    capfd.readouterr()
    load(str(place))
    assert capfd.readouterr() == ("", "")


def test_pickled_weights_are_refused(tmp_path: Path) -> None:
    place = saved("bert", tmp_path / "pickled")
    (place / "model.safetensors").unlink()
    torch.save({}, place / "pytorch_model.bin")
    with pytest.raises(AblateError, match=r"only pickled weights \(pytorch_model.bin\)"):
        load(str(place))


def test_a_folder_that_lacks_something_is_named_in_one_line(tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    place = saved("bert", tmp_path / "part")
    cases = {
        str(empty): "no config.json",
        "./nowhere/at/all": "no such folder",
        "./bert": "no such folder",
        "../bert": "no such folder",
    }
    for name, message in cases.items():
        with pytest.raises(AblateError, match=message) as caught:
            load(name)
        assert "\n" not in str(caught.value)
        assert not available(name)
    (place / "model.safetensors").unlink()
    with pytest.raises(AblateError, match=r"no model\.safetensors"):
        load(str(place))


def test_weights_of_another_model_are_refused(tmp_path: Path) -> None:
    place = saved("bert", tmp_path / "odd")
    config = json.loads((place / "config.json").read_text())
    (place / "config.json").write_text(json.dumps({**config, "num_hidden_layers": 3}))
    with pytest.raises(AblateError, match=r"lack encoder.layer.2"):
        load(str(place))
    (place / "config.json").write_text(json.dumps({**config, "model_type": "unheard-of"}))
    with pytest.raises(AblateError, match="transformers cannot load") as caught:
        load(str(place))
    assert "\n" not in str(caught.value)
    (place / "model.safetensors").write_bytes(b"torn")
    (place / "config.json").write_text(json.dumps(config))
    with pytest.raises(AblateError, match="transformers cannot load"):
        load(str(place))


def test_a_hub_that_may_not_be_asked_is_one_line_with_a_remedy(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(AblateError, match=r"HF_HUB_OFFLINE is set; take minilm .* or give a folder") as caught:
        load("roberta-base")
    assert "\n" not in str(caught.value)
    assert not available("somebody/that-has-never-been-fetched")
    with pytest.raises(AblateError, match="did you mean 'roberta-base'"):
        load("robreta-base")


def test_a_model_in_the_hubs_cache_is_loaded_offline(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    revision = "0" * 40
    place = tmp_path / "models--somebody--tiny"
    (place / "refs").mkdir(parents=True)
    (place / "refs" / "main").write_text(revision)
    saved("bert", place / "snapshots" / revision)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    assert available("somebody/tiny")
    assert load("somebody/tiny").name == load("somebody/tiny", revision).name == "somebody/tiny"
    with pytest.raises(AblateError, match=r"'somebody/tiny' at revision 1{40} is not in the local cache"):
        load("somebody/tiny", "1" * 40)


def test_asking_what_is_available_imports_no_torch() -> None:
    code = "import sys, ablate.encoders.sources as s\n[s.available(n) for n in ('minilm', 'mpnet', 'a/b', '.')]\n"
    subprocess.run([sys.executable, "-c", code + "assert 'torch' not in sys.modules"], check=True)


def test_an_archive_in_parts_is_joined_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    archive = tmp_path / "whole.zip"
    with zipfile.ZipFile(archive, "w") as opened:
        opened.writestr("all-mpnet-base-v2/config.json", "{}")
    whole = archive.read_bytes()
    parts = {}
    for number, part in enumerate(sources.MPNET_PARTS):
        parts[part] = tmp_path / f"{number}"
        parts[part].write_bytes(whole[number * 40 : (number + 1) * 40 if number < 4 else None])
    monkeypatch.setenv("ABLATE_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setattr(sources, "_file_of", lambda part, ending: None)
    with pytest.raises(AblateError, match="5 of its 5 packages are not installed; pip install"):
        load("mpnet")
    monkeypatch.setattr(sources, "_file_of", lambda part, ending: parts[part])
    assert available("mpnet")
    place = sources.folder("mpnet")
    assert (place / "config.json").read_text() == "{}"
    assert [path.name for path in place.parent.iterdir()] == ["all-mpnet-base-v2"]
    monkeypatch.setattr(sources, "_file_of", lambda part, ending: None)
    assert sources.folder("mpnet") == place


@needs_minilm
def test_minilm_loads_from_its_package_and_tells_near_from_far() -> None:
    encoder = load("minilm")
    assert (encoder.name, encoder.width, encoder.depth, encoder.max_length) == ("minilm", 384, 6, 512)
    assert (encoder.pooling, encoder.rate, encoder.frozen_rate) == ("mean", 5e-5, 1e-3)
    assert encoder.weights_sha256 == sources.PUBLISHED["minilm"][0]
    texts = ["How do I bake bread?", "What is the best way to bake a loaf?", "The stock market fell today."]
    question, near, far = torch.nn.functional.normalize(encoder.embed(texts), dim=1)
    assert question @ near > 0.7
    assert question @ far < 0.3


@needs_minilm
def test_weights_that_are_not_the_published_ones_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sources.PUBLISHED, "minilm", ("0" * 64, "install it again"))
    with pytest.raises(AblateError, match=r"not the published file .*; install it again"):
        load("minilm")
