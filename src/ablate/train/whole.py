"""The gradient of one batch: head and loss see the whole of it, the encoder may read it in parts.

With micro-batches the encoder runs twice (Gao et al. 2021, gradient caching): once without a graph for the features of
the whole batch, on which head and loss are exact, also losses over the whole batch; then part by part, with the
same dropout, to carry the gradient at the features into the encoder. Memory is that of one part.

Ranks share a batch in the same way: each encodes its own documents, head and loss see the features of all on every
rank, and the gradients that each carries into the encoder add up.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from ablate.encoders.base import Batch, Tokens
from ablate.objective import Objective
from ablate.stats import LabelStats
from ablate.strategy import Strategy
from ablate.train import random_state
from ablate.train.batches import Assembled
from ablate.train.model import Model
from ablate.train.setting import Setting


def backward(
    model: Model, level: Strategy, objective: Objective, stats: LabelStats, setting: Setting, batch: Assembled
) -> tuple[Tensor, Tensor]:
    """Add the gradient of a batch to the parameters; gives logits [B, L] and the loss, a scalar, without a graph."""
    parts = _parts(batch.inputs, setting.compute.micro_batch_tokens)
    ranks = setting.ranks
    if len(parts) == 1:
        with ranks.apart(), setting.autocast():
            own = model.features(batch.inputs)
        if ranks.size == 1:
            return _head(model, level, objective, stats, setting, own, batch.targets)
    else:
        with ranks.apart():
            before, pieces = _forward(model, setting, parts)
        own = _join(pieces, parts)
    features = _leaf(ranks.gather(own, len(batch.targets)))
    found = _head(model, level, objective, stats, setting, features, batch.targets)
    gradient = ranks.own_gradient(features)
    if gradient is not None:  # else a mixer or a head that reads none of it
        if len(parts) == 1:
            _down(own, gradient)
        else:
            with ranks.apart():
                _into_encoder(model, setting, parts, before, own, gradient)
    ranks.add_up(model)
    return found


def _head(
    model: Model,
    level: Strategy,
    objective: Objective,
    stats: LabelStats,
    setting: Setting,
    features: Tensor | Tokens,
    targets: Tensor,
) -> tuple[Tensor, Tensor]:
    with setting.autocast():
        if isinstance(features, Tensor):
            features, targets = level.mixer.mix(features, targets, stats)
        logits = model.logits(features)
    logits = logits.float()
    if setting.caps_logits(level):
        logits.register_hook(lambda gradient: level.clipping.at_logits(gradient, stats))  # type: ignore[no-untyped-call]
    loss = objective(logits, targets, stats)
    loss.backward()  # type: ignore[no-untyped-call]
    return logits.detach(), loss.detach()


@dataclass(frozen=True, eq=False)
class Part:
    """Some documents of a batch: their places in it, int64 [documents], and their input."""

    places: Tensor
    inputs: Batch | Tokens | Tensor


def _parts(inputs: Batch | Tokens | Tensor, most: int | None) -> list[Part]:
    """Documents of similar length together, at most ``most`` tokens in a part (one document may have more)."""
    if most is None or isinstance(inputs, Tensor) or int(inputs.lengths.sum()) <= most:
        return [Part(torch.arange(0), inputs)]
    order = torch.argsort(inputs.lengths, stable=True)
    groups: list[list[int]] = [[]]
    room = most
    for place, length in zip(order.tolist(), inputs.lengths[order].tolist(), strict=True):
        if groups[-1] and length > room:
            groups.append([])
            room = most
        groups[-1].append(place)
        room -= length
    return [_part(inputs, torch.tensor(places)) for places in groups]


def _part(inputs: Batch | Tokens, places: Tensor) -> Part:
    tokens = _spans(inputs.lengths, places)
    if isinstance(inputs, Batch):
        return Part(places, Batch(inputs.ids[tokens.to(inputs.ids.device)], inputs.lengths[places]))
    return Part(places, Tokens(inputs.flat[tokens.to(inputs.flat.device)], inputs.lengths[places]))


def _spans(lengths: Tensor, places: Tensor) -> Tensor:
    """Places of the tokens of the named documents, document by document, int64 [tokens]."""
    starts = torch.cumsum(lengths, 0) - lengths
    own = lengths[places]
    before = torch.cumsum(own, 0) - own
    return torch.repeat_interleave(starts[places] - before, own) + torch.arange(int(own.sum()))


def _forward(model: Model, setting: Setting, parts: Sequence[Part]) -> tuple[list[list[Tensor]], list[Tensor | Tokens]]:
    """Features of each part without a graph, and the state of the generators before each."""
    before: list[list[Tensor]] = []
    pieces: list[Tensor | Tokens] = []
    with torch.no_grad(), setting.autocast():
        for part in parts:
            before.append(random_state.states(setting.device))
            pieces.append(model.features(part.inputs))
    return before, pieces


def _join(pieces: Sequence[Tensor | Tokens], parts: Sequence[Part]) -> Tensor | Tokens:
    """The features of the whole batch, in its order."""
    order = torch.argsort(torch.cat([part.places for part in parts]))
    vectors = [piece for piece in pieces if isinstance(piece, Tensor)]
    if len(vectors) == len(pieces):
        return torch.cat(vectors)[order.to(vectors[0].device)]
    rows = [piece for piece in pieces if isinstance(piece, Tokens)]
    lengths = torch.cat([row.lengths for row in rows])
    flat = torch.cat([row.flat for row in rows])
    return Tokens(flat[_spans(lengths, order).to(flat.device)], lengths[order])


def _leaf(features: Tensor | Tokens) -> Tensor | Tokens:
    if isinstance(features, Tensor):
        return features.detach().requires_grad_()
    return Tokens(features.flat.detach().requires_grad_(), features.lengths)


def _into_encoder(
    model: Model,
    setting: Setting,
    parts: Sequence[Part],
    before: Sequence[list[Tensor]],
    features: Tensor | Tokens,
    gradient: Tensor,
) -> None:
    """Run the parts again, each with the dropout it had, and carry the gradient at the features down."""
    after = random_state.states(setting.device)
    for part, state in zip(parts, before, strict=True):
        random_state.restore(setting.device, state)
        with setting.autocast():
            again = model.features(part.inputs)
        places = part.places if isinstance(features, Tensor) else _spans(features.lengths, part.places)
        _down(again, gradient[places.to(gradient.device)])
    random_state.restore(setting.device, after)


def _down(features: Tensor | Tokens, gradient: Tensor) -> None:
    vectors = features if isinstance(features, Tensor) else features.flat
    if vectors.requires_grad:
        vectors.backward(gradient.to(vectors.dtype))  # type: ignore[no-untyped-call]
