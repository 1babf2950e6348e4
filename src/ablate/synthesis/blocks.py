"""Blocks of labels: which sets of a block's labels can be, and how likely each is in each topic."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

from ablate.errors import AblateError
from ablate.synthesis.spec import Block, Spec

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
ROUNDS, CLOSE = 1_000, 1e-12


@dataclass(frozen=True, eq=False)
class Family:
    """Blocks of one shape.

    ``members`` [G, b] are label numbers; ``patterns`` bool [P, b] the label sets that can be, the empty one first;
    ``weights`` [P] how they attract each other before they are raked to the counts.
    """

    kind: str
    members: Ints
    patterns: NDArray[np.bool_]
    weights: Floats
    overlap: float = 0.0


def families(spec: Spec, counts: Ints, rng: np.random.Generator) -> tuple[Family, ...]:
    """All labels in blocks; those in no block of the spec are blocks of one."""
    named = {label for block in spec.blocks for label in block.labels}
    free = [int(label) for label in rng.permutation(spec.labels) if label not in named]
    groups: dict[Block | None, list[list[int]]] = defaultdict(list)
    for block in spec.blocks:
        for _ in range(block.number):
            members = list(block.labels) or [free.pop() for _ in range(block.size)]
            if block.kind == "implied" and not block.labels:
                members.sort(key=lambda label: -counts[label])
            groups[block.model_copy(update={"number": 1, "labels": (), "size": block.width})].append(members)
    if free:
        groups[None] = [[label] for label in sorted(free)]
    return tuple(_family(block, np.array(members)) for block, members in groups.items())


def _family(block: Block | None, members: Ints) -> Family:
    if block is None:
        return Family("single", members, np.array([[False], [True]]), np.ones(2))
    patterns = _patterns(block.kind, members.shape[1])
    pairs = patterns.sum(1) * (patterns.sum(1) - 1) / 2
    weights = block.odds**pairs if block.kind == "siblings" else np.ones(len(patterns))
    if block.table:
        weights = np.array(block.table)
        kept = (weights > 0) | ~patterns.any(1)
        patterns, weights = patterns[kept], weights[kept]
    return Family(block.kind, members, patterns, weights, block.overlap)


def _patterns(kind: str, width: int) -> NDArray[np.bool_]:
    """Label sets [P, b] that a kind allows, the empty one first; the first label is the lowest bit."""
    if kind == "exclusive":
        return np.concatenate([np.zeros((1, width), bool), np.eye(width, dtype=bool)])
    every = np.array([bits[::-1] for bits in product([False, True], repeat=width)])
    return every[~every.any(1) | every[:, 0]] if kind == "implied" else every


def rake(family: Family, margins: Floats) -> Floats | None:
    """Probability of each pattern, [G, P, Z], with the odds ratios of the weights and the margins [G, b, Z].

    Where the margins determine the patterns they are solved for, else fitted by iterative proportional fitting (Deming
    and Stephan 1940). None where no such probabilities exist.
    """
    patterns = family.patterns
    table = _solved(patterns, margins) if determined(family) else _fitted(patterns, family.weights, margins)
    if table is None or table.min(initial=0) < -1e-9:
        return None
    return np.maximum(table, 0)


def determined(family: Family) -> bool:
    """Whether label counts leave no choice of patterns, as where labels exclude each other."""
    system = np.concatenate([np.ones((1, len(family.patterns))), family.patterns.T])
    return bool(system.shape[0] == system.shape[1] == np.linalg.matrix_rank(system))


def _solved(patterns: NDArray[np.bool_], margins: Floats) -> Floats:
    known = np.concatenate([np.ones_like(margins[:, :1]), margins], axis=1)
    # written out, the sum is the same on every machine
    return np.asarray(sum(column[None, :, None] * known[:, None, i] for i, column in enumerate(inverse(patterns).T)))


def inverse(patterns: NDArray[np.bool_]) -> Floats:
    """What takes (all documents, label counts) [b + 1] to documents of each pattern [P], where that is determined."""
    return np.asarray(np.linalg.inv(np.concatenate([np.ones((1, len(patterns))), patterns.T])))


def _fitted(patterns: NDArray[np.bool_], weights: Floats, margins: Floats) -> Floats | None:
    groups, _, topics = margins.shape
    table = np.broadcast_to((weights / weights.sum())[None, :, None], (groups, len(patterns), topics)).copy()
    with np.errstate(divide="ignore", invalid="ignore"):
        for _ in range(ROUNDS):
            worst = 0.0
            for label, on in enumerate(patterns.T):
                wanted, there = margins[:, label], table[:, on].sum(1)
                worst = max(worst, float(np.abs(wanted - there).max()))
                table[:, on] *= (wanted / there)[:, None]
                table[:, ~on] *= ((1 - wanted) / table[:, ~on].sum(1))[:, None]
            if not np.isfinite(worst):
                return None
            if worst < CLOSE:
                return table
    return None


def conflict(spec: Spec, family: Family, members: Ints, counts: Ints) -> AblateError:
    """What is said where the counts of a block's labels and its kind exclude each other."""
    told = ", ".join(f"{label} ({counts[label]:,})" for label in members[:6]) + (", ..." if len(members) > 6 else "")
    return AblateError(
        f"{spec.name}: counts and blocks cannot both hold: labels {told} in a block of kind '{family.kind}'; "
        "change the counts of these labels or their block"
    )
