"""Whether a document costs the same in a data set ten times as large."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import torch

from ablate.catalog import BASELINE
from ablate.components.backbone import Bag
from ablate.data.dataset import SPLITS, Dataset
from ablate.data.labels import Labels
from ablate.data.tokens import TokenStore
from ablate.encoders.bag import BagEncoder, WordTokenizer
from ablate.train.inputs import TokenInputs
from ablate.train.prepared import Prepared
from ablate.train.setting import Setting
from benchmarks.ratios import corpus, ours
from benchmarks.ratios.entry import REPEATS, entry
from benchmarks.ratios.modules import quick

KEYS = {"linear_in_documents": 1.15}
WORDS = 20_000


@dataclass(frozen=True)
class Size:
    """Documents of both data sets, steps and batch, the same for both."""

    few: int = 100_000
    many: int = 1_000_000
    steps: int = 400
    batch: int = 256


def measure() -> dict[str, dict[str, Any]]:
    """Training steps on the large set and the small one in turn."""
    size = Size(1_000, 10_000, 4) if quick() else Size()
    with ours.fresh_cache() as cache:
        small, large = (setting(documents, size, cache) for documents in (size.few, size.many))
        for one in (small, large):
            ours.step_seconds(BASELINE, one)
        runs = [_run(small, large, size) for _ in range(REPEATS)]
    value = median(run["many_microseconds_per_document"] / run["few_microseconds_per_document"] for run in runs)
    told = f"{size.steps} steps of {size.batch} documents on {size.many:,} against {size.few:,} documents"
    note = f"{told}, {WORDS:,} words, {corpus.LABELS} labels, data in memory"
    return {"linear_in_documents": entry(KEYS["linear_in_documents"], runs, note, value)}


def setting(documents: int, size: Size, cache: Path) -> Setting:
    """The embedding bag on generated token numbers: no text is ever written."""
    random = np.random.default_rng(3)
    tokenizer = WordTokenizer([f"w{number}" for number in range(WORDS - 1)])
    tokens = corpus.lengths(documents, random)
    store = TokenStore(
        random.integers(1, WORDS, int(tokens.sum()), dtype=np.int32), np.concatenate([[0], np.cumsum(tokens)])
    )
    torch.manual_seed(0)
    encoder = BagEncoder(tokenizer, 256)
    device = torch.device("cpu")
    return Setting(
        prepared=_prepared(documents, store, tokenizer, cache, random),
        encoder=encoder,
        inputs=TokenInputs(store, tokenizer, corpus.LONGEST, device),
        frozen=False,
        rate=encoder.rate,
        device=device,
        precision="fp32",
        steps=size.steps,
        batch_size=size.batch,
        alarms_per_document=1.0,
    )


def _prepared(
    documents: int, store: TokenStore, tokenizer: WordTokenizer, cache: Path, random: np.random.Generator
) -> Prepared:
    split = np.zeros(documents, np.int8)
    split[-2 * corpus.HELD :] = np.repeat([1, 2], corpus.HELD)
    names = tuple(f"label {column}" for column in range(corpus.LABELS))
    data = Dataset("generated", [""] * documents, _labels(documents, random), names, split, "0" * 64)
    rows = {part: data.rows(part) for part in SPLITS}
    labels = {part: data.labels.take(rows[part]) for part in SPLITS}
    return Prepared(data, Bag(), tokenizer, store, corpus.LONGEST, 0.0, f"{documents}", cache, rows, labels)


def _labels(documents: int, random: np.random.Generator) -> Labels:
    """Two labels per document, every label about as often as the next: [N] pairs of different columns."""
    first = random.integers(0, corpus.LABELS, documents)
    second = (first + random.integers(1, corpus.LABELS, documents)) % corpus.LABELS
    pairs = np.sort(np.stack([first, second], 1), axis=1).astype(np.int32)
    return Labels(np.arange(0, 2 * documents + 1, 2, dtype=np.int64), pairs.reshape(-1), corpus.LABELS)


def _run(small: Setting, large: Setting, size: Size) -> dict[str, float]:
    per_document = 1e6 / (size.steps * size.batch)
    few = ours.step_seconds(BASELINE, small) * per_document
    return {
        "few_microseconds_per_document": few,
        "many_microseconds_per_document": ours.step_seconds(BASELINE, large) * per_document,
    }
