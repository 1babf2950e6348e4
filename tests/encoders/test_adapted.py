"""Low-rank adapters: what they change, what they leave, and what is trained."""

from __future__ import annotations

import copy
import subprocess
import sys

import pytest
import torch
from random_encoders import FAMILIES, TEXTS, build

from ablate.components.freezing import Lora
from ablate.encoders.adapted import AdaptedEncoder, adapt, linear_layers
from ablate.encoders.bag import BagEncoder, train_words
from ablate.encoders.transformer import TransformerEncoder
from ablate.errors import AblateError
from ablate.factors import Freezing
from ablate.strategy import Strategy
from ablate.testing import ToyEncoder
from ablate.train.model import Model, set_mode, set_trainable


def quiet(family: str = "bert") -> TransformerEncoder:
    return build(family, dropout=0.0).eval()


def vectors(encoder):
    with torch.no_grad():
        return encoder.encode_pooled(encoder.batch(TEXTS, 32))


def adapters(encoder: AdaptedEncoder) -> list[torch.nn.Parameter]:
    return [p for layer, parameters in encoder.layers() if layer.adapter for p in parameters]


@pytest.mark.parametrize("every", [False, True], ids=["query and value", "all linear"])
@pytest.mark.parametrize("family", FAMILIES)
def test_at_the_start_adapters_change_nothing(family: str, every: bool) -> None:
    plain = quiet(family)
    adapted = adapt(copy.deepcopy(plain), 4, 8.0, every)
    torch.testing.assert_close(vectors(adapted), vectors(plain))


@pytest.mark.parametrize("every", [False, True], ids=["query and value", "all linear"])
@pytest.mark.parametrize("family", FAMILIES)
def test_every_parameter_is_described_once_the_layers_as_before(family: str, every: bool) -> None:
    plain = quiet(family)
    before = [(layer, sum(p.numel() for p in own)) for layer, own in plain.layers()]
    adapted = adapt(plain, 4, 8.0, every)
    described = [id(p) for _, parameters in adapted.layers() for p in parameters]
    assert sorted(described) == sorted(id(p) for p in adapted.parameters())
    assert [(layer, sum(p.numel() for p in own)) for layer, own in adapted.layers() if not layer.adapter] == before
    # every encoder layer has adapters, nothing below or above has any
    assert [layer.index for layer, _ in adapted.layers() if layer.adapter] == [1, 2]


def test_query_and_value_have_two_matrices_of_the_rank_each() -> None:
    adapted = adapt(quiet(), 4, 8.0, every=False)
    # two layers x two projections x (4 x 32 and 32 x 4)
    assert sorted(tuple(p.shape) for p in adapters(adapted)) == sorted([(4, 32), (32, 4)] * 4)
    # all six linear layers of each of two layers: query, key, value, output, up (32 to 64), down
    everywhere = adapters(adapt(quiet(), 4, 8.0, every=True))
    assert len(everywhere) == 2 * 6 * 2


def test_the_adapted_weight_is_that_of_the_paper() -> None:
    """W + alpha / rank * B A, put into a plain encoder by hand."""
    plain = quiet()
    adapted = adapt(copy.deepcopy(plain), 2, 6.0, every=False)
    torch.manual_seed(1)
    with torch.no_grad():
        for parameter in adapters(adapted):
            parameter.normal_()
        for block, changed in zip(plain.model.encoder.layer, adapted.inner.model.encoder.layer, strict=True):
            for name in ("query", "value"):
                part = getattr(changed.attention.self, name)
                low, high = part.lora_A["default"].weight, part.lora_B["default"].weight
                getattr(block.attention.self, name).weight += 6.0 / 2 * high @ low
    torch.testing.assert_close(vectors(adapted), vectors(plain))


def test_attention_stays_packed() -> None:
    adapted = adapt(quiet(), 4, 8.0, every=False)
    with torch.no_grad():
        for parameter in adapters(adapted):
            parameter.normal_()
        batch = adapted.batch(TEXTS, 32)
        torch.testing.assert_close(adapted(batch).flat, adapted.inner.padded(batch).flat)
    assert adapted.inner.packs


def test_only_adapters_and_the_head_get_gradients() -> None:
    level = Lora(rank=4, alpha=8.0)
    encoder = level.wrap(build("bert"))
    model = Model(encoder, torch.nn.Linear(32, 5, bias=False), "pooled", torch.zeros(5), encoder)
    set_trainable(model, Strategy("lora", freezing=level), 0.0)
    set_mode(model)
    model.logits(model.features(encoder.batch(TEXTS, 32))).square().sum().backward()
    assert isinstance(encoder, AdaptedEncoder)
    own = {id(p) for p in adapters(encoder)}
    got = {name for name, p in model.named_parameters() if p.grad is not None}
    wanted = {name for name, p in model.named_parameters() if id(p) in own or not name.startswith("encoder")}
    assert got == wanted


def test_adapters_are_drawn_from_torchs_generator() -> None:
    def drawn(seed: int) -> torch.Tensor:
        plain = quiet()
        torch.manual_seed(seed)
        return torch.cat([p.flatten() for p in adapters(adapt(plain, 4, 8.0, every=False))])

    assert torch.equal(drawn(3), drawn(3))
    assert not torch.equal(drawn(3), drawn(4))


def test_what_an_encoder_says_of_itself_stays() -> None:
    plain = quiet()
    adapted = adapt(plain, 4, 8.0, every=False)
    for name in ("name", "width", "depth", "weights_sha256", "rate", "frozen_rate", "tokenizer", "max_length"):
        assert getattr(adapted, name) == getattr(plain, name)
    torch.testing.assert_close(adapted.embed(["rain"]), plain.embed(["rain"]))


def test_an_encoder_without_attention_is_adapted_in_all_its_linear_layers() -> None:
    assert linear_layers(ToyEncoder()) == ["stack.0", "stack.1", "stack.2"]
    adapted = adapt(ToyEncoder(), 2, 4.0, every=False)
    assert len(adapters(adapted)) == 6


def test_an_encoder_without_linear_layers_is_refused_in_words() -> None:
    with pytest.raises(AblateError, match="backbone 'bag' has no linear layers to adapt"):
        adapt(BagEncoder(train_words(["a b", "a b"]), 4), 2, 4.0, every=False)


def test_a_missing_peft_is_one_line_with_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "peft", None)
    with pytest.raises(AblateError, match=r"LoRA needs the package peft; pip install 'ablate\[lora\]'"):
        Lora().wrap(ToyEncoder())


@pytest.mark.slow
def test_peft_is_not_loaded_before_it_is_needed() -> None:
    code = "import sys, ablate.api, ablate.catalog; sys.exit('peft' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_without_adapters_an_encoder_is_itself() -> None:
    encoder = ToyEncoder()
    assert Freezing().wrap(encoder) is encoder
