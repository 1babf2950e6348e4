"""Small specs, and what they are compared with."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
from scipy.stats import poisson

from ablate.synthesis.documents import Rows
from ablate.synthesis.spec import Spec, make
from ablate.synthesis.tokens import Tokens
from ablate.synthesis.world import Prior, World


def small(**tables: Any) -> Spec:
    """Ten labels in blocks of all kinds, three topics, 400 documents; tables replace the defaults."""
    values: dict[str, Any] = {
        "name": "small",
        "seed": 7,
        "labels": 10,
        "documents": {"total": 400, "tail": 5},
        "counts": {"rarest": 5, "top": 0.3},
        "topics": {"number": 3, "words": 2.0, "pool": 12, "concentration": 0.5},
        "blocks": [
            {"kind": "siblings", "size": 3, "overlap": 0.3},
            {"kind": "exclusive", "size": 2},
            {"kind": "implied", "size": 2},
        ],
        "length": {"plain": 8, "fewest": 2, "most": 20, "longest": 60, "vocabulary": 40},
        "evidence": {"level": 1.5, "spurious": 0.3},
        "keywords": {"head": 2, "tail": 4},
    }
    return make({**values, **tables}, "small.toml")


def label_sets(world: World, prior: Prior) -> tuple[np.ndarray, np.ndarray]:
    """All label sets [S, L] that can be, and P(label set | topic) [S, Z]: the product over blocks."""
    blocks = [
        (family.members[group], family.patterns, table[group])
        for family, table in zip(world.families, prior.tables, strict=True)
        for group in range(len(family.members))
    ]
    sets, shares = [], []
    for chosen in product(*(range(len(patterns)) for _, patterns, _ in blocks)):
        labels, share = np.zeros(world.spec.labels, bool), np.ones(len(prior.topics))
        for pattern, (members, patterns, table) in zip(chosen, blocks, strict=True):
            labels[members] = patterns[pattern]
            share = share * table[pattern]
        sets.append(labels)
        shares.append(share)
    return np.array(sets), np.array(shares)


def brute_force(world: World, prior: Prior, tokens: Tokens) -> np.ndarray:
    """P(y_c = 1 | text) [N, L] by summing the joint probability over all label sets and topics, word by word."""
    sets, shares = label_sets(world, prior)
    label, place, rate = world.writes
    added = np.zeros((world.spec.labels, len(world.keywords.word)))
    added[label, place] = rate
    eta = []
    for number, plain in enumerate(tokens.plain):
        heard = tokens.word[tokens.row == number]
        exposure = plain / world.spec.length.plain
        keywords = np.array([(heard == word).sum() for word in world.keywords.word])
        topical = np.array([(heard == word).sum() for word in world.pool])
        log = np.log(np.maximum(shares * prior.topics, 1e-300))  # [S, Z]
        log += poisson.logpmf(keywords, exposure * (world.keywords.spurious + sets @ added)).sum(1)[:, None]
        log += poisson.logpmf(topical, exposure * world.topic_rates).sum(1)
        joint = np.exp(log - log.max())
        eta.append((joint.sum(1) @ sets) / joint.sum())
    return np.array(eta)


def dense(labels: Rows) -> np.ndarray:
    matrix = np.zeros((len(labels), labels.width), int)
    matrix[labels.row, labels.indices] = 1
    return matrix
