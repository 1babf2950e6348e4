"""Model folders: transformers' where it has a class for the model, else our own. Safetensors and JSON, no code."""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from safetensors.torch import save_file
from torch import Tensor

from ablate.encoders.bag import BagEncoder
from ablate.encoders.transformer import TransformerEncoder
from ablate.export import heads, tokens
from ablate.export.classifier import LOG_SOFTMAX, Classifier
from ablate.export.layout import OWN, SHARED, WEIGHTS
from ablate.export.tanh_head import TanhHead, tanh_head

BERT = ("bert", "ernie")
ROBERTA = ("roberta", "xlm-roberta", "camembert", "mpnet")
"""Families by where their classes for classification keep the tanh layer: in the encoder's pooler, or in the head."""


def write(made: Classifier, labels: Sequence[str], told: Mapping[str, Any], folder: Path) -> str:
    """Write a model into an empty folder; gives why transformers has no class for it, or an empty string.

    ``told`` is what others should know of the model: its ``max_length``, its ``rule``, where it comes from.

    Raises:
        AblateError: a part of the model can be written in neither way.
    """
    head = form(made)
    if isinstance(head, TanhHead):
        _write_shared(made, head, labels, told, folder)
        return ""
    _write_own(made, labels, told, folder)
    return head


def give_rule(folder: Path, rule: Mapping[str, Any]) -> None:
    """Put another ``rule`` into a folder that :func:`write` wrote."""
    own = (folder / OWN).is_file()
    file = folder / (OWN if own else SHARED)
    found = json.loads(file.read_text("utf-8"))
    (found if own else found["ablate"])["rule"] = dict(rule)
    file.write_text(json.dumps(found, ensure_ascii=False, indent=1) + "\n", "utf-8")


def form(made: Classifier) -> TanhHead | str:
    """What transformers' class for the model's family computes, or why there is none."""
    if isinstance(made.encoder, TransformerEncoder):
        family = made.encoder.model.config.model_type
        if family not in (*BERT, *ROBERTA):
            return f"how its class for {family} classifies is another way"
    return tanh_head(made)


def _write_shared(
    made: Classifier, head: TanhHead, labels: Sequence[str], told: Mapping[str, Any], folder: Path
) -> None:
    from transformers import AutoModelForSequenceClassification

    encoder = made.encoder
    assert isinstance(encoder, TransformerEncoder)
    config = _config(encoder)
    kind = AutoModelForSequenceClassification._model_mapping[type(config)]
    softmax = made.scores == LOG_SOFTMAX
    config.architectures = [kind.__name__]
    config.id2label = dict(enumerate(labels))
    config.label2id = {label: number for number, label in enumerate(labels)}
    config.problem_type = "single_label_classification" if softmax else "multi_label_classification"
    config.function_to_apply = "softmax" if softmax else "sigmoid"
    config.ablate = {**told, "scores": made.scores}
    config.save_pretrained(folder)
    body = {name: tensor for name, tensor in encoder.model.state_dict().items() if not name.startswith("pooler.")}
    state = {f"{kind.base_model_prefix}.{name}": tensor for name, tensor in body.items()}
    if config.model_type in BERT:
        pooler = f"{kind.base_model_prefix}.pooler.dense"
        state |= {f"{pooler}.weight": head.dense, f"{pooler}.bias": head.dense_bias}
        state |= {"classifier.weight": head.out, "classifier.bias": head.out_bias}
    else:
        state |= {"classifier.dense.weight": head.dense, "classifier.dense.bias": head.dense_bias}
        state |= {"classifier.out_proj.weight": head.out, "classifier.out_proj.bias": head.out_bias}
    _save(state, folder)
    tokens.for_transformers(encoder.tokenizer, encoder.pad, told["max_length"]).save_pretrained(folder)


def _write_own(made: Classifier, labels: Sequence[str], told: Mapping[str, Any], folder: Path) -> None:
    encoder = made.encoder
    if isinstance(encoder, TransformerEncoder):
        _config(encoder).save_pretrained(folder)
        kind: dict[str, Any] = {"is": "transformer", "name": encoder.name, "pooling": encoder.pooling}
    else:
        assert isinstance(encoder, BagEncoder)
        kind = {"is": "bag", "name": encoder.name, "width": encoder.width}
    described = {
        **told,
        "labels": list(labels),
        "scores": made.scores,
        "encoder": kind,
        "standardised": made.mean is not None,
        "reads": made.reads,
        "head": heads.describe(made.head),
    }
    (folder / OWN).write_text(json.dumps(described, ensure_ascii=False, indent=1) + "\n", "utf-8")
    tokens.write(encoder.tokenizer, folder)
    _save(made.state_dict(), folder)


def _config(encoder: TransformerEncoder) -> Any:
    """The encoder's configuration as it is where nothing of ours is registered."""
    config = copy.deepcopy(encoder.model.config)
    config._attn_implementation = None
    config.dtype = "float32"
    return config


def _save(state: Mapping[str, Tensor], folder: Path) -> None:
    plain = {name: tensor.detach().cpu().contiguous().clone() for name, tensor in state.items()}
    save_file(plain, folder / WEIGHTS, metadata={"format": "pt"})
