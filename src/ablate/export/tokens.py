"""Tokenizers as files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ablate.encoders.bag import WordTokenizer
from ablate.encoders.base import Tokenizer
from ablate.encoders.subwords import PretrainedTokenizer
from ablate.errors import AblateError

WORDS, PIECES = "words.json", "tokenizer.json"


def write(tokenizer: Tokenizer, folder: Path) -> None:
    """Write the vocabulary of a bag, or the pipeline of a subword tokenizer.

    Raises:
        AblateError: the tokenizer is a plugin's own.
    """
    if isinstance(tokenizer, WordTokenizer):
        (folder / WORDS).write_text(json.dumps(tokenizer.words, ensure_ascii=False), "utf-8")
    else:
        (folder / PIECES).write_text(pretrained(tokenizer).definition, "utf-8")


def read(folder: Path) -> Tokenizer:
    """The tokenizer that :func:`write` wrote."""
    from tokenizers import Tokenizer as Pipeline

    if (folder / WORDS).is_file():
        return WordTokenizer(json.loads((folder / WORDS).read_text("utf-8")))
    return PretrainedTokenizer(Pipeline.from_file(str(folder / PIECES)))


def pretrained(tokenizer: Tokenizer) -> PretrainedTokenizer:
    """The same tokenizer, which has to be one of subwords."""
    if not isinstance(tokenizer, PretrainedTokenizer):
        raise AblateError(f"a tokenizer of kind {type(tokenizer).__name__} is a plugin's own: it cannot be exported")
    return tokenizer


def for_transformers(tokenizer: Tokenizer, pad: int, max_length: int) -> Any:
    """The tokenizer as transformers keeps it; ``pad`` is the padding's number, documents end at ``max_length``.

    A special token that is spelled out in a text stays text, as it was in training.
    """
    from tokenizers import Tokenizer as Pipeline
    from transformers import PreTrainedTokenizerFast

    known = pretrained(tokenizer)
    special = {"cls_token": known.prefix[:1], "sep_token": known.suffix[-1:], "pad_token": (pad,)}
    return PreTrainedTokenizerFast(
        tokenizer_object=Pipeline.from_str(known.definition),
        model_max_length=max_length,
        model_input_names=["input_ids", "attention_mask"],
        split_special_tokens=True,
        clean_up_tokenization_spaces=False,
        **{name: known.token(numbers[0]) for name, numbers in special.items() if numbers},
    )
