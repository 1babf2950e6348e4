"""Heads as JSON: which modules one is made of, so that it can be built again without running anybody's code."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import nn

from ablate.components.head import Cosine, LabelWise, MeanOfTokens, Scaled
from ablate.errors import AblateError

PLAIN: dict[str, type[nn.Module]] = {"identity": nn.Identity, "tanh": nn.Tanh, "relu": nn.ReLU, "gelu": nn.GELU}
"""Modules without any figure."""


def describe(head: nn.Module) -> dict[str, Any]:
    """What :func:`build` needs to make a module with the same names of tensors; dropout is left out.

    Raises:
        AblateError: a module of a kind that is not known here.
    """
    if isinstance(head, nn.Dropout):
        return {"is": "identity"}
    for name, kind in PLAIN.items():
        if type(head) is kind:
            return {"is": name}
    if type(head) is nn.Sequential:
        return {"is": "sequence", "parts": [describe(part) for part in head]}
    if type(head) is nn.Linear:
        return {"is": "linear", "in": head.in_features, "out": head.out_features, "bias": head.bias is not None}
    if isinstance(head, Cosine):
        return {"is": "cosine", "in": head.weight.shape[1], "out": head.weight.shape[0]}
    if isinstance(head, LabelWise):
        return {"is": "label-wise attention", "in": head.weight.shape[1], "out": head.weight.shape[0]}
    if isinstance(head, MeanOfTokens):
        return {"is": "mean of tokens", "above": describe(head.above)}
    if isinstance(head, Scaled):
        return {"is": "scaled", "out": len(head.factor), "below": describe(head.below)}
    raise AblateError(f"a head with a {type(head).__name__} cannot be exported; build it of torch's plain layers")


def build(told: Mapping[str, Any]) -> nn.Module:
    """The module of a description, with values that are to be loaded.

    Raises:
        AblateError: a kind that this version does not know.
    """
    kind = told["is"]
    if kind in PLAIN:
        return PLAIN[kind]()
    if kind == "sequence":
        return nn.Sequential(*(build(part) for part in told["parts"]))
    if kind == "linear":
        return nn.Linear(told["in"], told["out"], bias=told["bias"])
    if kind == "cosine":
        return Cosine(told["in"], told["out"], 1.0, 0.0)
    if kind == "label-wise attention":
        return LabelWise(torch.zeros(told["out"], told["in"]), 0.0)
    if kind == "mean of tokens":
        return MeanOfTokens(build(told["above"]))
    if kind == "scaled":
        return Scaled(build(told["below"]), told["out"])
    raise AblateError(f"a head of kind '{kind}' is not known to this version; install the one that wrote the model")
