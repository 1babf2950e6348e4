"""What an attacker would leave behind: files that, were they loaded or run, would leave a marker."""

from __future__ import annotations

import json
import os
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import torch
from tokenizers import Tokenizer, models, pre_tokenizers, processors
from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "soup", "bread", "salt"]


class Evil:
    """An object whose unpickling makes a folder: ``os.mkdir`` is all that its pickle says."""

    def __init__(self, marker: Path) -> None:
        self._marker = str(marker)

    def __reduce__(self) -> tuple[Any, tuple[str]]:
        return os.mkdir, (self._marker,)


def evil_bytes(marker: Path) -> bytes:
    return pickle.dumps(Evil(marker))


def evil_array(marker: Path) -> np.ndarray:
    """An array that numpy can only keep as a pickle."""
    array = np.empty(1, dtype=object)
    array[0] = Evil(marker)
    return array


def evil_code(marker: Path) -> str:
    """Python that leaves the marker when it is imported."""
    return f"import os\nos.mkdir({str(marker)!r})\n"


def model_folder(place: Path) -> Path:
    """A small BERT as ``save_pretrained`` writes it."""
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=len(WORDS), hidden_size=8, num_hidden_layers=1, num_attention_heads=2, intermediate_size=8
    )
    BertModel(config).save_pretrained(place)
    pieces = Tokenizer(models.WordPiece({word: i for i, word in enumerate(WORDS)}, unk_token="[UNK]"))
    pieces.pre_tokenizer = pre_tokenizers.Whitespace()
    pieces.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    names = {"pad_token": "[PAD]", "cls_token": "[CLS]", "sep_token": "[SEP]", "unk_token": "[UNK]"}
    PreTrainedTokenizerFast(tokenizer_object=pieces, **names).save_pretrained(place)
    return place


def change(file: Path, **values: Any) -> None:
    """Set keys of a JSON file."""
    file.write_text(json.dumps({**json.loads(file.read_text()), **values}))
