"""What is trained: an encoder for our side and the same one for the Trainer, on one device."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import torch

from ablate.encoders.base import Encoder, Tokenizer
from ablate.encoders.sources import folder
from ablate.encoders.transformer import TransformerEncoder
from ablate.factors import Backbone
from ablate.strategy import Strategy
from ablate.synthesis.words import words

Family = Literal["bert", "roberta"]
#: Special tokens of the families as their authors numbered them: start, end, padding.
SPECIAL: dict[str, tuple[int, int, int]] = {"bert": (101, 102, 0), "roberta": (0, 2, 1)}


@dataclass(frozen=True)
class Case:
    """``layers`` encoder layers, trained on ``device``."""

    backbone: Backbone
    layers: int
    device: torch.device

    def strategy(self, strategy: Strategy) -> Strategy:
        """A strategy on this encoder."""
        return strategy.replace(backbone=self.backbone)

    def classifier(self, labels: int) -> Any:
        """The Trainer's model: transformers' own sequence classifier with one logit per label."""
        from transformers import AutoModelForSequenceClassification

        told = {"num_labels": labels, "problem_type": "multi_label_classification"}
        if isinstance(self.backbone, RandomWeights):
            config = self.backbone.config()
            config.update(told)
            return AutoModelForSequenceClassification.from_config(config, attn_implementation="sdpa")
        place = folder(self.backbone.model)
        return AutoModelForSequenceClassification.from_pretrained(place, use_safetensors=True, **told)

    def padder(self) -> Any:
        """transformers' tokenizer, which the Trainer's collator pads with."""
        from transformers import AutoTokenizer, PreTrainedTokenizerFast

        if not isinstance(self.backbone, RandomWeights):
            return AutoTokenizer.from_pretrained(folder(self.backbone.model))
        from tokenizers import Tokenizer as Pipeline
        from tokenizers.models import WordLevel

        vocabulary = {"[PAD]": SPECIAL[self.backbone.family][2], "[UNK]": 3}
        return PreTrainedTokenizerFast(
            tokenizer_object=Pipeline(WordLevel(vocabulary, unk_token="[UNK]")), pad_token="[PAD]", unk_token="[UNK]"
        )


@dataclass(frozen=True)
class RandomWeights(Backbone):
    """The shape of a known model with random weights: its time is that of the real one, and nothing is fetched.

    ``shrink`` divides width and layers, for a look at whether it runs.
    """

    model: str = "bert-base shape"
    family: Family = "bert"
    shrink: int = 1

    def config(self) -> Any:
        """transformers' configuration: its defaults are the base size."""
        from transformers import BertConfig, RobertaConfig

        start, end, pad = SPECIAL[self.family]
        small = {
            "hidden_size": 768 // self.shrink,
            "num_hidden_layers": max(3, 12 // self.shrink),
            "num_attention_heads": max(1, 12 // self.shrink),
            "intermediate_size": 3072 // self.shrink,
        }
        if self.family == "roberta":
            return RobertaConfig(
                vocab_size=50_265,
                max_position_embeddings=514,
                type_vocab_size=1,
                pad_token_id=pad,
                bos_token_id=start,
                eos_token_id=end,
                **small,
            )
        return BertConfig(pad_token_id=pad, **small)

    def tokenizer(self, texts: Sequence[str]) -> Tokenizer:
        """A number for each word of the built-in list."""
        return NumberedWords(self.family, self.config().vocab_size)

    def build(self, tokenizer: Tokenizer) -> Encoder:
        """The same random weights each time, so that they may be cached like pretrained ones."""
        from transformers import BertModel, RobertaModel

        kind = RobertaModel if self.family == "roberta" else BertModel
        with torch.random.fork_rng():
            torch.manual_seed(7)
            model = kind(self.config())
        named = hashlib.sha256(f"{self} seed 7".encode()).hexdigest()
        return TransformerEncoder(model, tokenizer, name=self.model, weights_sha256=named)


class NumberedWords(Tokenizer):
    """Words of the built-in list, numbered from 1,000 on."""

    def __init__(self, family: Family, size: int) -> None:
        start, end, _ = SPECIAL[family]
        self.size, self.prefix, self.suffix = size, (start,), (end,)
        self.key = hashlib.sha256(f"numbered words {family} {size}".encode()).hexdigest()
        self._numbers = {word: number for number, word in enumerate(words(), start=1_000)}

    def encode(self, texts: Sequence[str]) -> list[list[int]]:
        """Numbers of the words."""
        return [[self._numbers[word] for word in text.split()] for text in texts]


def minilm() -> Case:
    """all-MiniLM-L6-v2 from its package, on the CPU."""
    return Case(Backbone("minilm"), 6, torch.device("cpu"))


def base(family: Family, device: torch.device, shrink: int = 1) -> Case:
    """The base size of a family with random weights."""
    backbone = RandomWeights(f"{family}-base shape", family=family, shrink=shrink)
    return Case(backbone, max(3, 12 // shrink), device)
