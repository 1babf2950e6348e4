"""A data set as one backbone sees it: token numbers, lengths, label statistics."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from ablate.data.dataset import SPLITS, TAIL, Dataset
from ablate.data.labels import Labels
from ablate.data.tokens import TokenStore, build
from ablate.encoders.base import Tokenizer
from ablate.factors import Backbone
from ablate.stats import LabelStats

#: Without ``--max-length``: this percentile of the lengths, at most the cap; generated texts are not cut
#: below what BERT and RoBERTa can read.
LENGTH_PERCENTILE = 95
LENGTH_CAP = 256
WHOLE_CAP = 512


@dataclass(frozen=True, eq=False)
class Prepared:
    """What every run on one data set with one backbone shares.

    ``rows`` and ``labels`` are by split; ``truncated`` is the share of documents cut at ``max_length`` tokens
    (special tokens included); ``digest`` identifies the texts in their order.
    """

    dataset: Dataset
    backbone: Backbone
    tokenizer: Tokenizer
    tokens: TokenStore
    max_length: int
    truncated: float
    digest: str
    cache: Path
    rows: dict[str, NDArray[np.int64]]
    labels: dict[str, Labels]

    @property
    def lengths(self) -> NDArray[np.int64]:
        """Tokens of each document, special tokens included, before any cut, [N]."""
        return whole_lengths(self.tokens, self.tokenizer)

    def stats(self) -> LabelStats:
        """Statistics of the training split, fresh for one run."""
        counts = torch.from_numpy(self.labels["train"].counts()).float()
        return LabelStats(counts, len(self.rows["train"]), self.dataset.names)


def prepare(dataset: Dataset, backbone: Backbone, max_length: int | None, cache: Path) -> Prepared:
    """Tokenise a data set once (or find its tokens in the cache) and settle the maximum length."""
    rows = {split: dataset.rows(split) for split in (*SPLITS, TAIL)}
    tokenizer = backbone.tokenizer([dataset.texts[i] for i in rows["train"]])
    digest = text_digest(dataset.texts)
    tokens = build(dataset.texts, tokenizer, digest, cache / "tokens")
    lengths = whole_lengths(tokens, tokenizer)
    longest = max_length or _longest(lengths, lengths[rows["train"]], dataset.oracle is not None)
    labels = {split: dataset.labels.take(rows[split]) for split in (*SPLITS, TAIL)}
    truncated = float((lengths > longest).mean())
    return Prepared(dataset, backbone, tokenizer, tokens, longest, truncated, digest, cache, rows, labels)


def _longest(lengths: NDArray[np.int64], train: NDArray[np.int64], whole: bool) -> int:
    """Where documents are cut unless told otherwise; a posterior that is known is that of the whole text."""
    if whole:
        return min(WHOLE_CAP, int(lengths.max()))
    return min(LENGTH_CAP, max(2, int(np.percentile(train, LENGTH_PERCENTILE))))


def whole_lengths(tokens: TokenStore, tokenizer: Tokenizer) -> NDArray[np.int64]:
    """Tokens of each text, special tokens included, [N]."""
    return tokens.lengths + len(tokenizer.prefix) + len(tokenizer.suffix)


def text_digest(texts: Sequence[str]) -> str:
    """sha256 of the texts in order."""
    digest = hashlib.sha256()
    for text in texts:
        data = text.encode()
        digest.update(len(data).to_bytes(8, "little"))
        digest.update(data)
    return digest.hexdigest()
