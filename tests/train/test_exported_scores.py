"""A written folder, loaded again, gives the scores that its run was judged by."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
import small_settings as small
import torch
from transformers import RobertaConfig, RobertaModel, pipeline

from ablate.components.backbone import Bag
from ablate.components.freezing import HeadOnly, Lora
from ablate.components.head import CosineHead, LabelAttention, MeanHead, MlpHead, ScaledHead
from ablate.components.loss import Softmax
from ablate.components.procedure import HeadScaling, TauNormalisation
from ablate.components.sampler import LabelPower
from ablate.encoders.scratch import train_bpe
from ablate.encoders.transformer import TransformerEncoder
from ablate.errors import AblateError
from ablate.export import folders
from ablate.export.card import use
from ablate.export.deployed import load_model
from ablate.export.of_run import classifier
from ablate.factors import Backbone
from ablate.strategy import Strategy
from ablate.train.evaluate import score
from ablate.train.features import encode, standardiser
from ablate.train.inputs import FeatureInputs
from ablate.train.run import run
from ablate.train.setting import Setting

STEPS = 25


@dataclass(frozen=True)
class SmallRoberta(small.SmallBert):
    model: str = "small-roberta"
    pooling: str = "auto"

    def tokenizer(self, texts):
        return train_bpe(list(texts), 300)

    def build(self, tokenizer):
        shape = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 64}
        table = {"max_position_embeddings": 66, "type_vocab_size": 1, "pad_token_id": 1}
        config = RobertaConfig(vocab_size=tokenizer.size, initializer_range=0.2, **table, **shape)
        with torch.random.fork_rng():
            torch.manual_seed(8)
            model = RobertaModel(config)
        return TransformerEncoder(model, tokenizer, name=self.model, weights_sha256="6" * 64, pooling=self.pooling)


BACKBONES = {
    "bert": small.SmallBert(),
    "roberta": SmallRoberta(),
    "roberta-first": SmallRoberta(pooling="first"),
    "bag": Bag(width=16),
}
LWS = Strategy("lws", procedure=HeadScaling(changes=(ScaledHead(), LabelPower()), share=0.3))
SHARED = {
    "bert": ("bert", Strategy("plain")),
    "bert-softmax": ("bert", Strategy("softmax", loss=Softmax())),
    "bert-lws": ("bert", LWS),
    "bert-tau": ("bert", Strategy("tau", procedure=TauNormalisation())),
    "bert-lora": ("bert", Strategy("lora", freezing=Lora(targets="all"))),
    "bert-frozen": ("bert", Strategy("frozen", freezing=HeadOnly())),
    "roberta": ("roberta", Strategy("plain")),
    "roberta-lora": ("roberta", Strategy("lora", freezing=Lora())),
    "roberta-softmax": ("roberta", Strategy("softmax", loss=Softmax())),
    "roberta-mlp": ("roberta-first", Strategy("mlp", head=MlpHead())),
}
OWN = {
    "bag": ("bag", Strategy("plain")),
    "bag-softmax": ("bag", Strategy("softmax", loss=Softmax())),
    "bag-attention": ("bag", Strategy("attention", head=LabelAttention())),
    "bert-mlp": ("bert", Strategy("mlp", head=MlpHead())),
    "bert-mean": ("bert", Strategy("mean", head=MeanHead())),
    "bert-cosine-frozen": ("bert", Strategy("cosine", head=CosineHead(), freezing=HeadOnly())),
    "roberta-attention": ("roberta", Strategy("attention", head=LabelAttention())),
    "roberta-linear-first": ("roberta-first", Strategy("plain")),
}


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Setting]:
    cache = tmp_path_factory.mktemp("cache")
    return {name: small.setting(small.prepared(backbone, cache), steps=STEPS) for name, backbone in BACKBONES.items()}


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")


def told(setting: Setting) -> dict:
    return {"max_length": setting.prepared.max_length, "rule": {"cuts": [0.0] * small.LABELS}}


def exported(setting: Setting, strategy: Strategy, folder: Path) -> tuple[str, np.ndarray, list[str]]:
    """Why transformers has no class for it, the run's own scores of the test documents, and their texts."""
    if isinstance(strategy.freezing, HeadOnly):
        vectors = encode(setting.encoder, setting.prepared, "fp32")
        fitted = standardiser(vectors)
        inputs = FeatureInputs(fitted.apply(vectors))
        setting = replace(setting, inputs=inputs, frozen=True, standardiser=fitted, rate=1e-2)
    outcome = run(strategy.replace(backbone=Backbone()), setting, 3, small.go_on, small.ignore)
    assert outcome.status == "finished"
    folder.mkdir()
    made = classifier(outcome.model, strategy, setting, outcome.loss)
    why = folders.write(made, setting.prepared.dataset.names, told(setting), folder)
    rows = setting.prepared.rows["test"]
    scores = score(outcome.model, setting.inputs, rows, outcome.loss, setting)
    return why, scores, [setting.prepared.dataset.texts[row] for row in rows]


@pytest.mark.parametrize("case", [*SHARED, *OWN])
def test_the_loaded_model_gives_the_scores_of_the_run(case: str, settings, tmp_path):
    backbone, strategy = (SHARED | OWN)[case]
    why, theirs, texts = exported(settings[backbone], strategy, tmp_path / "model")
    assert bool(why) is (case in OWN), why
    mine = load_model(tmp_path / "model").scores(texts)
    assert theirs.std() > 1e-3
    np.testing.assert_allclose(mine, theirs, atol=1e-5, rtol=0)
    assert not [path.name for path in (tmp_path / "model").iterdir() if path.suffix not in (".json", ".safetensors")]


@pytest.mark.parametrize("case", ["bert", "bert-softmax", "bert-lora", "bert-frozen", "roberta", "roberta-mlp"])
def test_the_pipeline_of_transformers_gives_the_probabilities_of_the_run(case: str, settings, tmp_path):
    backbone, strategy = SHARED[case]
    _, theirs, texts = exported(settings[backbone], strategy, tmp_path / "model")
    classify = pipeline("text-classification", model=str(tmp_path / "model"), top_k=None, truncation=True)
    said = [{one["label"]: one["score"] for one in row} for row in classify(texts)]
    names = settings[backbone].prepared.dataset.names
    mine = np.array([[row[name] for name in names] for row in said])
    expected = np.exp(theirs) if case == "bert-softmax" else 1 / (1 + np.exp(-theirs))
    np.testing.assert_allclose(mine, expected, atol=1e-5, rtol=0)


@pytest.mark.parametrize("case", ["bert", "bert-softmax"])
def test_the_example_of_the_card_calls_what_the_rule_calls_whatever_the_cuts(case: str, settings, tmp_path):
    backbone, strategy = SHARED[case]
    exported(settings[backbone], strategy, tmp_path / "model")
    file = tmp_path / "model" / "config.json"
    said = json.loads(file.read_text())
    texts = [settings[backbone].prepared.dataset.texts[0]]
    scores = load_model(tmp_path / "model").scores(texts)[0]
    cuts = np.float32(scores + np.where(np.arange(len(scores)) % 2, 0.01, -0.01))
    cuts[:2] = -1e4, 1e4  # beyond what exp can take
    said["ablate"]["rule"]["cuts"] = cuts.tolist()
    file.write_text(json.dumps(said))
    model = load_model(tmp_path / "model")
    code = use({**model.told, "no_class": ""}).split("```python\n")[1].split("```")[0]
    names: dict = {}
    exec(code.replace("FOLDER", str(tmp_path / "model")).replace('"a text"', repr(texts[0])), names)
    assert set(names["called"]) == set(model(texts)[0])
    assert len(names["called"]) == (len(scores) + 1) // 2


@pytest.mark.parametrize("backbone", ["bert", "roberta"])
def test_tokens_are_those_of_training_for_long_texts_and_spelled_out_special_tokens(backbone, settings, tmp_path):
    setting = settings[backbone]
    exported(setting, Strategy("plain"), tmp_path / "model")
    texts = ["oak [SEP] pine", "oak </s> pine <mask> elm", " ".join(["maple"] * 200), "Ünknown wörds"]
    longest = setting.prepared.max_length
    batch = setting.encoder.batch(texts, longest)
    theirs = [row.tolist() for row in torch.split(batch.ids, batch.lengths.tolist())]
    classify = pipeline("text-classification", model=str(tmp_path / "model"))
    assert classify.tokenizer(texts, truncation=True)["input_ids"] == theirs
    assert load_model(tmp_path / "model")._tokens(texts) == theirs


def test_labels_called_are_those_whose_score_reaches_the_cut(settings, tmp_path):
    _, theirs, texts = exported(settings["bag"], Strategy("plain"), tmp_path / "model")
    file = tmp_path / "model" / "ablate.json"
    said = json.loads(file.read_text())
    said["rule"]["cuts"] = [float(value) for value in np.median(theirs, axis=0)]
    file.write_text(json.dumps(said))
    model = load_model(tmp_path / "model")
    names = settings["bag"].prepared.dataset.names
    expected = [[n for n, v, c in zip(names, row, said["rule"]["cuts"], strict=True) if v >= c] for row in theirs]
    assert model(texts) == expected


def test_a_bag_reads_a_text_without_a_known_word(settings, tmp_path):
    exported(settings["bag"], Strategy("plain"), tmp_path / "model")
    assert np.isfinite(load_model(tmp_path / "model").scores(["zzz zzz"])).all()


@pytest.mark.parametrize("file", ["model.safetensors", "tokenizer.json", "config.json"])
def test_a_folder_that_is_not_whole_is_refused_in_a_line(file: str, settings, tmp_path):
    exported(settings["bert"], Strategy("plain", head=MeanHead()), tmp_path / "model")
    (tmp_path / "model" / file).write_bytes(b"{")
    with pytest.raises(AblateError, match="not a whole model") as caught:
        load_model(tmp_path / "model")
    assert "\n" not in str(caught.value)


def test_a_head_of_unknown_parts_is_refused(settings, tmp_path):
    class Odd(torch.nn.Module):
        def __init__(self, inside: torch.nn.Module) -> None:
            super().__init__()
            self.inside = inside

        def forward(self, features):
            return self.inside(features) ** 3

    outcome = run(Strategy("plain"), settings["bag"], 0, small.go_on, small.ignore)
    outcome.model.head = Odd(outcome.model.head)
    made = classifier(outcome.model, Strategy("plain"), settings["bag"], outcome.loss)
    with pytest.raises(AblateError, match="a head with a Odd cannot be exported"):
        folders.write(made, ["a"], told(settings["bag"]), tmp_path)
