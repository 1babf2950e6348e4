"""Subword tokenizers: one definition of a ``tokenizers`` pipeline, read or trained, without special tokens."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Sequence
from itertools import takewhile

import numpy as np
from tokenizers import Tokenizer as Pipeline
from tokenizers import decoders, models, normalizers, pre_tokenizers, processors, trainers

from ablate.encoders.base import Tokenizer

TRAINING_TEXTS = 100_000
"""At most so many documents are read to train a vocabulary."""

ALPHABET = 1000
"""At most so many characters have a piece of their own in a trained WordPiece vocabulary, as in BERT's."""

_BERT_SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]  # numbers 0 to 4


class PretrainedTokenizer(Tokenizer):
    """A fast tokenizer that exists already, in whatever way its file defines it.

    ``key`` is the sha256 of the definition, so the same vocabulary read from two places is the same tokenizer.
    A special token that is spelled out in a document (``[SEP]``) is ordinary text.
    """

    def __init__(self, pipeline: Pipeline) -> None:
        self._pipeline = Pipeline.from_str(pipeline.to_str())
        self._pipeline.no_truncation()
        self._pipeline.no_padding()
        self._pipeline.encode_special_tokens = True
        self.key = _sha256(self._pipeline)
        self.size = 1 + max(self._pipeline.get_vocab(with_added_tokens=True).values())
        self.prefix, self.suffix = _surroundings(self._pipeline)

    def encode(self, texts: Sequence[str]) -> list[list[int]]:
        """Token numbers of each text, special tokens left out, not truncated."""
        rows = self._pipeline.encode_batch_fast(list(texts), add_special_tokens=False)
        return [row.ids for row in rows]

    @property
    def definition(self) -> str:
        """The pipeline as the JSON of a ``tokenizer.json``; whoever reads it has to take special tokens as text."""
        found: str = self._pipeline.to_str()
        return found

    def token(self, number: int) -> str:
        """What is written for a token number."""
        return str(self._pipeline.id_to_token(number))


def train_wordpiece(texts: Sequence[str], size: int = 8000) -> PretrainedTokenizer:
    """A lower-casing WordPiece vocabulary of at most ``size`` pieces, in BERT's manner; same texts, same key."""
    texts = _training_texts(texts)
    trained = _wordpiece(models.WordPiece(unk_token="[UNK]"))
    alphabet = _alphabet(texts)
    trainer = trainers.WordPieceTrainer(
        vocab_size=size,
        min_frequency=2,
        # The trainer numbers inner letters in the order of a randomly seeded hash table and breaks ties by number:
        # giving them here, where the order is kept, makes the vocabulary a function of the texts.
        special_tokens=[*_BERT_SPECIAL, *(f"##{letter}" for letter in alphabet)],
        initial_alphabet=alphabet,
        limit_alphabet=len(alphabet),
        show_progress=False,
    )
    trained.train_from_iterator(texts, trainer)
    pipeline = _wordpiece(models.WordPiece(trained.get_vocab(with_added_tokens=False), unk_token="[UNK]"))
    pipeline.add_special_tokens(_BERT_SPECIAL)
    pipeline.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    return PretrainedTokenizer(pipeline)


def train_bpe(texts: Sequence[str], size: int = 8000) -> PretrainedTokenizer:
    """A byte-level BPE vocabulary of at most ``size`` pieces, in RoBERTa's manner; same texts, same key."""
    pipeline = Pipeline(models.BPE())
    pipeline.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    pipeline.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=size,
        min_frequency=2,
        special_tokens=["<s>", "<pad>", "</s>", "<unk>", "<mask>"],  # numbers 0 to 4, as in RoBERTa
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    pipeline.train_from_iterator(_training_texts(texts), trainer)
    pipeline.post_processor = processors.RobertaProcessing(("</s>", 2), ("<s>", 0), add_prefix_space=False)
    return PretrainedTokenizer(pipeline)


def _wordpiece(model: models.WordPiece) -> Pipeline:
    pipeline = Pipeline(model)
    pipeline.normalizer = normalizers.BertNormalizer(lowercase=True)
    pipeline.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    pipeline.decoder = decoders.WordPiece()
    return pipeline


def _alphabet(texts: Sequence[str]) -> list[str]:
    """The characters of the texts as BERT normalises them, sorted; of very many, the most frequent."""
    normalizer = normalizers.BertNormalizer(lowercase=True)
    counts: Counter[str] = Counter()
    for text in texts:
        counts.update(normalizer.normalize_str(text))
    letters = sorted((-count, letter) for letter, count in counts.items() if not letter.isspace())
    return sorted(letter for _, letter in letters[:ALPHABET])


def _training_texts(texts: Sequence[str]) -> list[str]:
    if len(texts) <= TRAINING_TEXTS:
        return list(texts)
    chosen = np.random.default_rng(0).choice(len(texts), TRAINING_TEXTS, replace=False)
    return [texts[number] for number in np.sort(chosen)]


def _sha256(pipeline: Pipeline) -> str:
    canonical = json.dumps(json.loads(pipeline.to_str()), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()


def _surroundings(pipeline: Pipeline) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """What the pipeline puts before and after a document."""
    example = pipeline.encode("a")  # not empty, or the end of the prefix could not be told
    special = example.special_tokens_mask
    before = len(list(takewhile(bool, special)))
    after = len(list(takewhile(bool, reversed(special))))
    ids = example.ids
    return tuple(ids[:before]), tuple(ids[len(ids) - after :])
