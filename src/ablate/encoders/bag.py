"""fastText's model (Joulin et al. 2017): a document is the mean of its words' vectors."""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ablate.encoders.base import Batch, Encoder, Layer, Tokenizer, Tokens
from ablate.encoders.transfer import sent

BAG_RATE = 0.02
"""AdamW's rate for word vectors: each is seldom touched, so it takes a thousand times what a transformer does."""

WORD = re.compile(r"\w+|[^\w\s]")


class WordTokenizer(Tokenizer):
    """Lower-cased words and single marks of a fixed vocabulary; other words are left out, as in fastText.

    Number 0 stands for a document without a known word, so that no document is empty; word i has number i + 1.
    """

    def __init__(self, words: Sequence[str]) -> None:
        self.words = tuple(words)
        self.size = len(words) + 1
        self.key = hashlib.sha256(json.dumps([WORD.pattern, *words]).encode()).hexdigest()
        self._numbers = {word: number for number, word in enumerate(words, start=1)}

    def encode(self, texts: Sequence[str]) -> list[list[int]]:
        """Numbers of the known words of each text, or [0] where there is none."""
        known = self._numbers
        return [[known[word] for word in WORD.findall(text.lower()) if word in known] or [0] for text in texts]


def train_words(texts: Sequence[str], cap: int = 50_000) -> WordTokenizer:
    """The words that occur at least twice, the ``cap`` most frequent ones, ties in alphabetical order."""
    counts: Counter[str] = Counter()
    for text in texts:
        counts.update(WORD.findall(text.lower()))
    frequent = sorted((-count, word) for word, count in counts.items() if count > 1)
    return WordTokenizer([word for _, word in frequent[:cap]])


class BagEncoder(Encoder):
    """An embedding bag: word vectors, [V, width], and their mean; no layers above the embeddings."""

    def __init__(self, tokenizer: Tokenizer, width: int = 256) -> None:
        super().__init__()
        self.name, self.weights_sha256, self.tokenizer = "bag", "from scratch", tokenizer
        self.width, self.depth = width, 0
        self.rate = self.frozen_rate = BAG_RATE
        self.words = nn.Embedding(tokenizer.size, width)
        nn.init.uniform_(self.words.weight, -1 / width, 1 / width)  # as in fastText

    def layers(self) -> list[tuple[Layer, list[nn.Parameter]]]:
        """The embeddings alone."""
        return [(Layer("embeddings", 0, self.depth), list(self.words.parameters()))]

    def forward(self, batch: Batch) -> Tokens:
        """Word vectors, [tokens, d]: the slow twin of ``encode_pooled``, and what heads on tokens read."""
        return Tokens(self.words(batch.ids), batch.lengths)

    def pool(self, tokens: Tokens) -> Tensor:
        """Mean of the word vectors, [B, d]."""
        return tokens.mean()

    def encode_pooled(self, batch: Batch) -> Tensor:
        """Mean of the word vectors, [B, d], without writing down the single ones."""
        starts = torch.cumsum(batch.lengths, 0) - batch.lengths
        return F.embedding_bag(batch.ids, self.words.weight, sent(starts, batch.ids.device), mode="mean")
