"""Pretrained encoders from a package, a folder or the hub: safetensors only, no code of theirs is ever run."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError

from ablate.encoders.sources import available, commit_of, folder, weight_files, weights_sha256
from ablate.encoders.subwords import PretrainedTokenizer
from ablate.encoders.transformer import TransformerEncoder
from ablate.encoders.vetted import fault
from ablate.errors import AblateError

__all__ = ["available", "load"]


def load(name: str, revision: str | None = None, pooling: str = "auto") -> TransformerEncoder:
    """The encoder ``minilm``, ``mpnet``, a hub id (``bert-base-uncased``) or a folder, in fp32 on the CPU.

    ``pooling`` as in :class:`TransformerEncoder`; ``auto`` is what the model's authors say (sentence encoders), else
    the pooler of BERT and RoBERTa, else the mean. A folder gives its last part as the encoder's name, never its path.
    AblateError, one line, where the model cannot be found, fetched or read.
    """
    place = folder(name, revision)
    files = _readable(place, name)
    with quiet():
        try:
            tokenizer = _tokenizer(place, name)
            model, missing = _model(place, name)
        except (OSError, ValueError, RuntimeError, KeyError, ImportError, SafetensorError) as error:
            reason = (str(error).strip() or type(error).__name__).splitlines()[0]
            if "custom code" in reason:
                raise AblateError(
                    f"backbone '{name}' needs code of its own, which is never run; "
                    "take a model that transformers has a class for"
                ) from None
            raise AblateError(f"backbone '{name}': transformers cannot load {place}: {reason[:200]}") from error
    if missing:  # a checkpoint without a pooler gets a random one, which is worse than none
        model.pooler = None
    encoder = TransformerEncoder(
        model,
        tokenizer,
        name=place.name if Path(name).is_dir() else name,
        weights_sha256=weights_sha256(name, files),
        pooling=_declared_pooling(place, model) if pooling == "auto" else pooling,
    )
    encoder.revision = commit_of(place, name)
    return encoder


def _readable(place: Path, name: str) -> list[Path]:
    """The weight files of a folder that holds a whole model; AblateError says what it lacks."""
    if not (place / "config.json").is_file():
        raise AblateError(f"backbone '{name}': no config.json in {place}; give the folder that save_pretrained wrote")
    files = weight_files(place)
    if files:
        if why := fault(place):
            raise AblateError(f"backbone '{name}': {place}: {why}")
        return files
    pickled = sorted(path.name for path in place.glob("*.bin"))
    if pickled:
        remedy = "write it as safetensors with save_pretrained"
        raise AblateError(f"backbone '{name}': {place} has only pickled weights ({pickled[0]}), never loaded; {remedy}")
    raise AblateError(f"backbone '{name}': no model.safetensors in {place}; give the folder that save_pretrained wrote")


def _tokenizer(place: Path, name: str) -> PretrainedTokenizer:
    from transformers import AutoTokenizer

    tokenizer: Any = AutoTokenizer.from_pretrained(place, use_fast=True, trust_remote_code=False)
    if getattr(tokenizer, "backend_tokenizer", None) is None:
        raise AblateError(f"backbone '{name}': no fast tokenizer in {place}; add its tokenizer.json")
    return PretrainedTokenizer(tokenizer.backend_tokenizer)


def _model(place: Path, name: str) -> tuple[Any, bool]:
    """The model, and whether its pooler is missing from the weights; AblateError where more is."""
    from transformers import AutoModel

    model, report = AutoModel.from_pretrained(
        place, use_safetensors=True, trust_remote_code=False, dtype=torch.float32, output_loading_info=True
    )
    missing = sorted(report["missing_keys"])
    body = [key for key in missing if not key.startswith("pooler.")]
    if body:
        raise AblateError(f"backbone '{name}': the weights in {place} lack {body[0]} and {len(body) - 1} more tensors")
    return model, bool(missing)


def _declared_pooling(place: Path, model: Any) -> str:
    """What a sentence encoder's authors pooled by; ``auto`` where the folder does not say."""
    file = place / "1_Pooling" / "config.json"
    if file.is_file():
        declared = json.loads(file.read_text(encoding="utf-8"))
        return "first" if declared.get("pooling_mode_cls_token") else "mean"
    return "mean" if model.config.model_type == "mpnet" else "auto"


@contextmanager
def quiet() -> Iterator[None]:
    """No progress bars and no notes about weights that an encoder does not use."""
    from transformers.utils import logging

    level, bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(level)
        if bars:
            logging.enable_progress_bar()
