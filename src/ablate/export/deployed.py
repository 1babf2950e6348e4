"""Exported models, loaded: scores of texts, and the labels that the deployed rule raises."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file
from torch import Tensor

from ablate.encoders.bag import BagEncoder
from ablate.encoders.base import Batch, Encoder, Tokenizer
from ablate.encoders.vetted import fault
from ablate.errors import AblateError
from ablate.export import heads, tokens
from ablate.export.classifier import LOG_SOFTMAX, Classifier, Standard
from ablate.export.layout import OWN, SHARED, WEIGHTS
from ablate.metrics.cuts import Scores
from ablate.train.inputs import parts_by_length

TOGETHER = 64
"""Most documents that an encoder reads at once."""


@dataclass(frozen=True, eq=False)
class DeployedModel:
    """A model that ``ablate export`` wrote.

    ``labels`` L names; ``cuts`` float32 [L], the scores from which on labels are raised; ``unit`` says what scores are
    (``logits``, or ``log_softmax``); ``told`` is what the model says of itself.
    """

    labels: tuple[str, ...]
    cuts: Scores
    unit: str
    told: dict[str, Any]
    _tokens: Callable[[Sequence[str]], list[list[int]]]
    _forward: Callable[[list[list[int]]], Tensor]

    def scores(self, texts: Sequence[str]) -> Scores:
        """Scores of a few texts, float32 [n, L]: the same figures that the run was judged by."""
        rows = self._tokens(list(texts))
        out = np.empty((len(rows), len(self.labels)), np.float32)
        for part in parts_by_length(np.array([len(row) for row in rows], np.int64), TOGETHER):
            if len(part):
                with torch.no_grad():
                    out[part] = self._forward([rows[i] for i in part]).float().cpu().numpy()
        return out

    def called(self, scores: Scores) -> NDArray[np.bool_]:
        """The labels that the deployed rule raises, bool [n, L]."""
        return np.asarray(scores >= self.cuts)

    def __call__(self, texts: Sequence[str]) -> list[list[str]]:
        """The labels of each text."""
        return [[self.labels[i] for i in np.flatnonzero(row)] for row in self.called(self.scores(texts))]


def load_model(folder: str | Path, device: str | torch.device = "cpu") -> DeployedModel:
    """Load what ``ablate export`` wrote, of either kind. No code of the folder is run, and nothing is fetched.

    Raises:
        AblateError: there is no such folder, something else wrote it, or a file of it is missing or damaged.
    """
    place = Path(folder)
    if not place.is_dir():
        raise AblateError(f"no model folder '{place}'; give the --out of ablate export")
    own = (place / OWN).is_file()
    told = _told(place, own)
    if not (place / WEIGHTS).is_file():
        raise AblateError(f"'{place}' has no {WEIGHTS}; export the model again")
    if why := fault(place):
        raise AblateError(f"'{place}': {why}")
    try:
        return (_own if own else _shared)(place, told, torch.device(device))
    except Exception as error:  # tokenizers raises bare ones
        reason = (str(error).strip() or type(error).__name__).splitlines()[0][:200]
        raise AblateError(f"'{place}' is not a whole model ({reason}); export it again") from error


def _told(place: Path, own: bool) -> dict[str, Any]:
    """What the folder says of itself."""
    file = place / (OWN if own else SHARED)
    try:
        found = json.loads(file.read_bytes())
        told = found if own else found["ablate"]
        assert isinstance(told, dict)
        cuts = told["rule"]["cuts"]
        labels = told["labels"] if own else [found["id2label"][str(number)] for number in range(len(cuts))]
    except (OSError, ValueError, KeyError, TypeError, AssertionError):
        raise AblateError(f"'{place}' was not written by ablate export; give the --out of one") from None
    return {**told, "labels": labels}


def _deployed(
    told: dict[str, Any], encode: Callable[[Sequence[str]], list[list[int]]], forward: Callable[..., Tensor]
) -> DeployedModel:
    cuts = np.asarray(told["rule"]["cuts"], np.float32)
    if len(cuts) != len(told["labels"]):
        raise ValueError("its labels and cuts differ in number")
    return DeployedModel(tuple(told["labels"]), cuts, told["scores"], told, encode, forward)


def _own(place: Path, told: dict[str, Any], device: torch.device) -> DeployedModel:
    tokenizer = tokens.read(place)
    encoder = _encoder(place, told["encoder"], tokenizer)
    nothing = torch.zeros(encoder.width)
    standard = Standard(nothing, nothing.clone()) if told["standardised"] else None
    bias = torch.zeros(len(told["labels"]))
    made = Classifier(encoder, heads.build(told["head"]), bias, told["reads"], told["scores"], standard)
    made.load_state_dict(load_file(place / WEIGHTS))
    made.to(device).eval()

    def forward(rows: list[list[int]]) -> Tensor:
        flat = torch.tensor([number for row in rows for number in row], dtype=torch.long)
        scores: Tensor = made(Batch(flat.to(device), torch.tensor([len(row) for row in rows])))
        return scores

    return _deployed(told, lambda texts: encoded(tokenizer, texts, told["max_length"]), forward)


def encoded(tokenizer: Tokenizer, texts: Sequence[str], max_length: int) -> list[list[int]]:
    """Token numbers of texts, special tokens added, at most ``max_length`` each."""
    room = max_length - len(tokenizer.prefix) - len(tokenizer.suffix)
    return [[*tokenizer.prefix, *ids[:room], *tokenizer.suffix] for ids in tokenizer.encode(texts)]


def _encoder(place: Path, kind: dict[str, Any], tokenizer: Tokenizer) -> Encoder:
    if kind["is"] == "bag":
        return BagEncoder(tokenizer, kind["width"])
    from transformers import AutoConfig, AutoModel  # seconds, which a bag does without

    from ablate.encoders.transformer import TransformerEncoder

    config = AutoConfig.from_pretrained(place, trust_remote_code=False)
    model = AutoModel.from_config(config, trust_remote_code=False)
    return TransformerEncoder(model, tokenizer, name=kind["name"], weights_sha256="", pooling=kind["pooling"])


def _shared(place: Path, told: dict[str, Any], device: torch.device) -> DeployedModel:
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    from ablate.encoders.pretrained import quiet

    with quiet():
        tokenizer: Any = AutoTokenizer.from_pretrained(place, trust_remote_code=False, local_files_only=True)
        model, report = AutoModelForSequenceClassification.from_pretrained(
            place, trust_remote_code=False, local_files_only=True, use_safetensors=True, output_loading_info=True
        )
    strays = sorted([*report["missing_keys"], *report["unexpected_keys"]])
    if strays:
        raise ValueError(f"its weights lack or do not know {strays[0]}")
    model.to(device).eval()

    def encode(texts: Sequence[str]) -> list[list[int]]:
        rows: list[list[int]] = tokenizer(list(texts), truncation=True, max_length=told["max_length"])["input_ids"]
        return rows

    def forward(rows: list[list[int]]) -> Tensor:
        padded = tokenizer.pad({"input_ids": rows}, return_tensors="pt").to(device)
        logits: Tensor = model(**padded).logits.float()
        return logits.log_softmax(-1) if told["scores"] == LOG_SOFTMAX else logits

    return _deployed(told, encode, forward)
