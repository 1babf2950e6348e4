"""Which strategies a tag means, told from records alone: what they say themselves, the catalogue's tags, factors."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from ablate.errors import AblateError, near
from ablate.results.board import BASELINE, Board
from ablate.results.record import Body

#: The tags of the built-in strategies, as the catalogue has them (a test compares): to read it would import torch.
BUILT_IN: dict[str, str] = {
    "forum": "as-asked roberta pos-weight-inverse rarest-label-weight mean-label-weight softmax softmax-pick-all "
    "repeat-factor sqrt-sampling ml-ros last-layers head-rate",
    "backbone": "roberta",
    "head": "mlp-head cosine-head mean-head label-attention label-attention-named named-head lws ldam-drw",
    "weight": "pos-weight-inverse pos-weight-sqrt pos-weight-clipped pos-weight-log effective-number rebalanced "
    "batch-balance recall-weight rarest-label-weight mean-label-weight distribution-balanced deferred-reweighting "
    "ldam-drw",
    "shift": "logit-adjusted negative-tolerant margin distribution-balanced ldam-drw",
    "mixer": "mixup",
    "loss": "focal asymmetric distribution-balanced softmax softmax-pick-all softmax-decoupled zlpr two-way soft-f1 "
    "recall-at-precision",
    "sampler": "repeat-factor sqrt-sampling class-aware progressively-balanced ml-ros head-undersampling follow-recall "
    "crt lws",
    "freezing": "linear-probe last-layers freeze-embeddings freeze-bottom gradual-unfreezing lora",
    "optimizer": "lora head-rate layer-decay short-memory sgd",
    "control": "sgd constant-rate no-clipping",
    "schedule": "constant-rate cosine-decay warmup",
    "procedure": "crt lws tau-normalised deferred-reweighting ldam-drw weight-averaging",
    "clipping": "no-clipping tight-clipping label-cap",
}

Factors = Mapping[str, str]


def tags_of(bodies: Iterable[Body]) -> dict[str, set[str]]:
    """Tags of the strategies that these records are of: controls and ceilings have none.

    Those that the record holds (of plugins, too), those of the built-in strategies of that name or of those that a
    design put together, and the factors whose component is of another class than the baseline's.
    """
    bodies = [body for body in bodies if body["kind"] == "strategy"]
    neutral = [_factors(body) for body in bodies if body["arm"] == BASELINE]
    found: dict[str, set[str]] = {}
    for body in bodies:
        parts = (body["arm"], *(body.get("design") or {}).get("parts", ()))
        built_in = (tag for tag, names in BUILT_IN.items() if not set(parts).isdisjoint(names.split()))
        factors = _changed(_factors(body), neutral)
        found.setdefault(body["arm"], set()).update(body.get("tags") or (), built_in, factors)
    return found


def tagged(bodies: Sequence[Body], tags: Sequence[str]) -> set[str] | None:
    """The rows that carry one of the tags, with what every row is held against: the baseline, controls, ceilings.

    None where no tag is given: all rows.

    Raises:
        AblateError: no strategy carries one of the tags.
    """
    if not tags:
        return None
    known = tags_of(bodies)
    names = sorted(set().union(*known.values()))
    for tag in tags:
        if tag not in names:
            told = ", ".join(names) or "none: there is no strategy but the baseline"
            raise AblateError(f"--tag {tag}: no strategy here carries it{near(tag, names)} (known: {told})")
    references = {body["arm"] for body in bodies if body["kind"] != "strategy"} | {BASELINE}
    return references | {arm for arm, carried in known.items() if not carried.isdisjoint(tags)}


def only(board: Board, bodies: Sequence[Body], tags: Sequence[str]) -> Board:
    """The board with the rows of some tags alone; their ranks and marks stay those among all rows.

    Raises:
        AblateError: no strategy carries one of the tags.
    """
    kept = tagged(bodies, tags)
    if kept is None:
        return board
    rows = [row for row in board["rows"] if row["strategy"] in kept]
    return {**{key: value for key, value in board.items() if key != "effects"}, "rows": rows, "tags": list(tags)}


def _factors(body: Body) -> Factors:
    return {
        factor: str(part.get("class", "")) for factor, part in body["identity"]["strategy"].items() if factor != "name"
    }


def _changed(mine: Factors, neutral: Sequence[Factors]) -> Iterator[str]:
    """Factors of another class than any of the baseline's records has."""
    for factor, kind in mine.items():
        if neutral and all(_plain(kind) != _plain(one.get(factor, "")) for one in neutral):
            yield factor


def _plain(kind: Any) -> str:
    """The neutral component of a factor is written, with its tuned fields, or left out: both are no change."""
    return "" if str(kind).startswith("ablate.factors:") else str(kind)
