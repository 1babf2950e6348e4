"""A made-up data set on small encoders: settings on which a run takes a moment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from transformers import BertConfig, BertModel

from ablate.data.dataset import Dataset
from ablate.data.labels import Labels
from ablate.encoders.base import Encoder, Tokenizer
from ablate.encoders.scratch import train_wordpiece
from ablate.encoders.transformer import TransformerEncoder
from ablate.factors import Backbone
from ablate.train.inputs import TokenInputs
from ablate.train.prepared import Prepared, prepare
from ablate.train.setting import Setting

WORDS = ("ash", "birch", "cedar", "elm", "fir", "hazel", "larch", "maple", "oak", "pine", "rowan", "yew")
LABELS = 4
TRAIN, HELD = 100, 60
CPU = torch.device("cpu")


def dataset(held: int = HELD) -> Dataset:
    """Texts of 3 to 12 words; label c comes with word c, now and then."""
    random = np.random.default_rng(5)
    total = TRAIN + 2 * held
    rows = [np.flatnonzero(random.random(LABELS) < [0.5, 0.3, 0.2, 0.1]).tolist() for _ in range(total)]
    rows[:LABELS] = [[c] for c in range(LABELS)]
    texts = [_text(row, random) for row in rows]
    split = np.repeat([0, 1, 2], [TRAIN, held, held]).astype(np.int8)
    labels = Labels.from_lists(rows, LABELS)
    return Dataset("trees", texts, labels, tuple(f"label {c}" for c in range(LABELS)), split, "d" * 64)


def _text(row: Sequence[int], random: np.random.Generator) -> str:
    own = [WORDS[c] for c in row if random.random() < 0.9]
    return " ".join([*own, *random.choice(WORDS[LABELS:], random.integers(3, 12))])


@dataclass(frozen=True)
class SmallBert(Backbone):
    """A BERT of two layers whose random weights pass for pretrained ones: every run starts from the same."""

    model: str = "small-bert"

    def tokenizer(self, texts: Sequence[str]) -> Tokenizer:
        return train_wordpiece(list(texts), 200)

    def build(self, tokenizer: Tokenizer) -> Encoder:
        shape = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 64}
        config = BertConfig(vocab_size=tokenizer.size, max_position_embeddings=64, initializer_range=0.2, **shape)
        with torch.random.fork_rng():
            torch.manual_seed(7)
            return TransformerEncoder(BertModel(config), tokenizer, name=self.model, weights_sha256="5" * 64)


def prepared(backbone: Backbone, cache: Path, data: Dataset | None = None) -> Prepared:
    return prepare(data or dataset(), backbone, None, cache)


def setting(made: Prepared, steps: int = 25, batch_size: int = 20) -> Setting:
    """Tokens in, the encoder in the loop."""
    torch.manual_seed(0)
    encoder = made.backbone.build(made.tokenizer)
    inputs = TokenInputs(made.tokens, made.tokenizer, made.max_length, CPU)
    return Setting(
        prepared=made,
        encoder=encoder,
        inputs=inputs,
        frozen=False,
        rate=encoder.rate,
        device=CPU,
        precision="fp32",
        steps=steps,
        batch_size=batch_size,
        alarms_per_document=1.0,
    )


def with_rate(one: Setting, rate: float) -> Setting:
    return replace(one, rate=rate)


def go_on(step: int, curve: object) -> bool:
    return True


def ignore(step: int) -> None:
    pass
