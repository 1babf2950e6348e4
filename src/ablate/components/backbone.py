"""Encoders other than ``bert-base-uncased``."""

from collections.abc import Sequence
from dataclasses import dataclass

from ablate.encoders.base import Encoder, Tokenizer
from ablate.factors import Backbone


@dataclass(frozen=True)
class Bag(Backbone):
    """fastText's model: the mean of word vectors and a linear head, from scratch."""

    source = "Joulin et al. 2017"

    model: str = "bag"
    width: int = 256

    def tokenizer(self, texts: Sequence[str]) -> Tokenizer:
        """The words of the training texts."""
        from ablate.encoders.bag import train_words

        return train_words(texts)

    def build(self, tokenizer: Tokenizer) -> Encoder:
        """Random word vectors."""
        from ablate.encoders.bag import BagEncoder

        return BagEncoder(tokenizer, self.width)


@dataclass(frozen=True)
class TinyBert(Backbone):
    """A small BERT from random weights, WordPiece trained on the training texts; from scratch."""

    source = "Turc et al. 2019"

    model: str = "tiny-bert"

    def tokenizer(self, texts: Sequence[str]) -> Tokenizer:
        """WordPiece of the training texts."""
        from ablate.encoders.scratch import train_wordpiece

        return train_wordpiece(texts)

    def build(self, tokenizer: Tokenizer) -> Encoder:
        """Random weights."""
        from ablate.encoders.scratch import tiny

        return tiny(self.model, tokenizer)


@dataclass(frozen=True)
class TinyRoberta(TinyBert):
    """A small RoBERTa from random weights, byte-level BPE trained on the training texts; from scratch."""

    source = "Liu et al. 2019"

    model: str = "tiny-roberta"

    def tokenizer(self, texts: Sequence[str]) -> Tokenizer:
        """Byte-level BPE of the training texts."""
        from ablate.encoders.scratch import train_bpe

        return train_bpe(texts)


@dataclass(frozen=True)
class Roberta(Backbone):
    """RoBERTa, pretrained: BERT's layers on ten times its text, byte-level BPE, no sentence pairs."""

    source = "Liu et al. 2019 (RoBERTa)"

    model: str = "roberta-base"


def backbone(name: str) -> Backbone:
    """The backbone of a name: ``bag``, ``tiny-bert``, ``tiny-roberta``, else whatever transformers can load."""
    scratch = {kind.model: kind for kind in (Bag, TinyBert, TinyRoberta)}
    return scratch[name]() if name in scratch else Backbone(name)
