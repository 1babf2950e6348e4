"""Labels and topics of the documents of one chunk."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from ablate.synthesis.allocation import Allocation, independent
from ablate.synthesis.blocks import Family
from ablate.synthesis.spec import Noise
from ablate.synthesis.world import World

Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Rows:
    """Sparse rows: ``indices[indptr[i]:indptr[i + 1]]`` are the ascending columns of row i, of ``width`` columns."""

    indptr: Ints
    indices: NDArray[np.int32]
    width: int

    @classmethod
    def of(cls, row: Ints, column: Ints, length: int, width: int) -> Rows:
        """From pairs in any order, each pair once."""
        cells = np.sort(row * width + column)
        row, column = np.divmod(cells, width)
        indptr = np.concatenate([[0], np.cumsum(np.bincount(row, minlength=length))]).astype(np.int64)
        return cls(indptr, column.astype(np.int32), width)

    @classmethod
    def joined(cls, parts: list[Rows]) -> Rows:
        """One after the other."""
        starts = np.cumsum([0, *(len(part.indices) for part in parts)])
        ends = [part.indptr[1:] + start for part, start in zip(parts, starts, strict=False)]
        indptr = np.concatenate([np.zeros(1, np.int64), *ends])
        return cls(indptr, np.concatenate([part.indices for part in parts]), parts[0].width)

    def __len__(self) -> int:
        return len(self.indptr) - 1

    @property
    def row(self) -> Ints:
        """Row number of each pair."""
        return np.repeat(np.arange(len(self), dtype=np.int64), np.diff(self.indptr))

    def counts(self) -> Ints:
        """Rows with each column."""
        return np.bincount(self.indices, minlength=self.width)

    def lists(self) -> list[list[int]]:
        """One ascending list for each row."""
        flat = self.indices.tolist()
        return [flat[start:end] for start, end in pairwise(self.indptr.tolist())]


@dataclass(frozen=True, eq=False)
class Drawn:
    """What is true of documents before a word is written: ``topic`` [N] and true ``labels``."""

    topic: Ints
    labels: Rows

    def __len__(self) -> int:
        return len(self.topic)


def placed(world: World, allocation: Allocation, rng: np.random.Generator) -> Drawn:
    """Documents in random order whose topics and label sets are those of the allocation."""
    size = int(allocation.topics.sum())
    return _placed(world, allocation, rng.permutation(size), rng)


def drawn(world: World, size: int, rng: np.random.Generator) -> Drawn:
    """Independent documents."""
    topics = rng.multinomial(size, world.prior.topics)
    return placed(world, independent(world.prior, topics, rng), rng)


def drawn_given(world: World, given: Ints, rng: np.random.Generator) -> Drawn:
    """Documents drawn from P(document | y_c = 1), with ``given`` [N] the label c of each."""
    joint = world.prior.topics * world.prior.of_labels(world)[given]  # [N, Z]
    topic = _choice(joint, rng)
    topics = np.bincount(topic, minlength=len(world.prior.topics))
    free = _placed(world, independent(world.prior, topics, rng), np.argsort(topic, kind="stable"), rng)
    rows, columns = [], []
    apart = np.full(world.spec.labels, -1)  # a number for each block
    for family, table in zip(world.families, world.prior.tables, strict=True):
        block, slot = np.nonzero(np.isin(family.members, given))
        place = np.full((world.spec.labels, 2), -1)
        place[family.members[block, slot]] = np.stack([block, slot], axis=1)
        mine = np.flatnonzero(place[given, 0] >= 0)
        block, slot = place[given[mine]].T
        weight = table[block, :, topic[mine]] * family.patterns[:, slot].T  # [mine, P]
        row, label = _members(family, block, _choice(weight, rng))
        rows.append(mine[row])
        columns.append(label)
        apart[family.members] = apart.max() + 1 + np.arange(len(family.members))[:, None]
    kept = apart[free.labels.indices] != apart[given[free.labels.row]]
    row = np.concatenate([free.labels.row[kept], *rows])
    column = np.concatenate([free.labels.indices[kept], *columns])
    return Drawn(topic, Rows.of(row, column, len(given), world.spec.labels))


def observed(labels: Rows, noise: Noise, rng: np.random.Generator, certain: Ints | None = None) -> Rows:
    """Labels as an annotator writes them down; ``certain`` [N] names a label of each row that is never missed."""
    if noise.missing == noise.false == 0:
        return labels
    row, column = labels.row, labels.indices.astype(np.int64)
    kept = rng.random(len(row)) >= noise.missing
    if certain is not None:
        kept |= column == certain[row]
    true = row * labels.width + column
    cells = len(labels) * labels.width
    false = rng.choice(cells, rng.binomial(cells, noise.false), replace=False, shuffle=False)
    all_cells = np.concatenate([true[kept], np.setdiff1d(false, true)])
    return Rows.of(*np.divmod(all_cells, labels.width), len(labels), labels.width)


def _placed(world: World, allocation: Allocation, where: Ints, rng: np.random.Generator) -> Drawn:
    """``where`` [N] is the document at each position, positions being in order of topics."""
    rows, columns = [], []
    for family, patterns in zip(world.families, allocation.patterns, strict=True):
        position, block, pattern = _positions(patterns, allocation.topics, rng)
        row, label = _members(family, block, pattern)
        rows.append(where[position[row]])
        columns.append(label)
    topic = np.empty(len(where), np.int64)
    topic[where] = np.repeat(np.arange(len(allocation.topics)), allocation.topics)
    return Drawn(topic, Rows.of(np.concatenate(rows), np.concatenate(columns), len(where), world.spec.labels))


def _positions(patterns: Ints, topics: Ints, rng: np.random.Generator) -> tuple[Ints, Ints, Ints]:
    """Position, block and pattern of every label set but the empty one, no block twice at one position.

    Uniform over all such placements: whatever positions collide are drawn again, and nothing depends on where they are.
    """
    many = patterns[:, 1:].sum(1) > topics / 2  # [G, Z]; few: collisions would not end there
    block, pattern, topic = np.nonzero(patterns[:, 1:] * ~many[:, None])
    times = patterns[block, pattern + 1, topic]
    block, pattern, topic = (np.repeat(values, times) for values in (block, pattern + 1, topic))
    starts, size = np.cumsum(topics) - topics, int(topics.sum())
    position = starts[topic] + rng.integers(topics[topic])
    again = _repeated(block * size + position)
    while len(again):
        position[again] = starts[topic[again]] + rng.integers(topics[topic[again]])
        again = _repeated(block * size + position)
    parts = [(position, block, pattern)]
    for group, z in np.argwhere(many):
        sets = np.repeat(np.arange(1, patterns.shape[1]), patterns[group, 1:, z])
        chosen = starts[z] + rng.permutation(topics[z])[: len(sets)]
        parts.append((chosen, np.full(len(sets), group), sets))
    return tuple(np.concatenate([part[i] for part in parts]) for i in range(3))  # type: ignore[return-value]


def _repeated(keys: Ints) -> Ints:
    order = np.argsort(keys, kind="stable")
    return np.asarray(order[1:][keys[order[1:]] == keys[order[:-1]]], np.int64)


def _members(family: Family, block: Ints, pattern: Ints) -> tuple[Ints, Ints]:
    """Row and label of every label in these label sets."""
    row, slot = np.nonzero(family.patterns[pattern])
    return row, family.members[block[row], slot]


def _choice(weights: NDArray[np.float64], rng: np.random.Generator) -> Ints:
    """One column for each row, with probabilities proportional to the weights."""
    steps = np.cumsum(weights, axis=1)
    return np.asarray((steps > rng.random((len(steps), 1)) * steps[:, -1:]).argmax(1), np.int64)
