"""The law that documents follow: topics, label blocks, and the rate of every word."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.special import pdtrc

from ablate.errors import AblateError
from ablate.synthesis.blocks import Family, conflict, families, rake
from ablate.synthesis.counts import split_sizes, training_counts
from ablate.synthesis.spec import Spec
from ablate.synthesis.words import neighbourhood, words

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
FLOOR = 0.02
"""Share of a label's frequency that no topic takes away."""

RARE = 1e-7
"""Chance of what may be taken as never happening to a document."""

FULLEST = 0.9
"""Share of a topic's documents that the labels of one block together take at most."""


@dataclass(frozen=True, eq=False)
class Prior:
    """What is known of labels before a text is read: topics [Z], and for each family P(pattern | topic) [G, P, Z]."""

    topics: Floats
    tables: tuple[Floats, ...]

    def of_labels(self, world: World) -> Floats:
        """P(y_c = 1 | z), [L, Z]."""
        given = np.zeros((world.spec.labels, len(self.topics)))
        for family, table in zip(world.families, self.tables, strict=True):
            for slot, on in enumerate(family.patterns.T):
                given[family.members[:, slot]] = table[:, on].sum(1)
        return given


@dataclass(frozen=True, eq=False)
class Keywords:
    """Words that labels write, by the number of the owner: ``word``, ``label``, ``strength``, ``spurious``, each [K].

    ``strength`` are occurrences that the owner adds to a document of exposure 1, ``spurious`` those without it.
    """

    word: Ints
    label: Ints
    strength: Floats
    spurious: Floats


@dataclass(frozen=True, eq=False)
class World:
    """The whole law. ``counts`` [L] are exact training positives; ``plain`` [A] and ``pool`` [T] word numbers;
    ``quantiles`` [2^16] the plain words that a random number of 16 bits stands for, a Zipf law; ``topic_rates`` [Z, T]
    are occurrences in a document of exposure 1.
    """

    spec: Spec
    counts: Ints
    families: tuple[Family, ...]
    prior: Prior
    keywords: Keywords
    plain: Ints
    quantiles: Ints
    pool: Ints
    topic_rates: Floats

    @cached_property
    def names(self) -> tuple[str, ...]:
        """One name per label: its strongest keyword."""
        first = np.searchsorted(self.keywords.label, np.arange(self.spec.labels))
        return tuple(words()[number] for number in self.keywords.word[first])

    @cached_property
    def writes(self) -> tuple[Ints, Ints, Floats]:
        """Who writes what: label, keyword (a place in ``keywords``) and rate, by label; siblings may share words."""
        own = self.keywords
        parts = [(own.label, np.arange(len(own.word)), own.strength)]
        for family in self.families:
            if family.overlap:
                for slot, other in np.argwhere(~np.eye(family.members.shape[1], dtype=bool)):
                    mate = np.full(self.spec.labels, -1)
                    mate[family.members[:, slot]] = family.members[:, other]
                    place = np.flatnonzero(mate[own.label] >= 0)
                    parts.append((mate[own.label[place]], place, family.overlap * own.strength[place]))
        label, place, rate = (np.concatenate([part[i] for part in parts]) for i in range(3))
        order = np.lexsort((place, label))
        return label[order], place[order], rate[order]

    @cached_property
    def evidence(self) -> Floats:
        """Keywords that each label adds to a document of exposure 1, [L]."""
        label, _, rate = self.writes
        return np.asarray(np.bincount(label, rate, self.spec.labels), np.float64)

    def exposure(self, plain: NDArray[np.integer]) -> Floats:
        """Exposure of documents with so many plain words."""
        return np.asarray(plain / self.spec.length.plain)


def build(spec: Spec) -> World:
    """The law of a spec; the same for the same spec.

    AblateError: too few documents or words, or counts and blocks that cannot both hold.
    """
    rng = np.random.default_rng(np.random.SeedSequence(spec.seed, spawn_key=(0,)))
    counts = training_counts(spec)
    if spec.counts.law != "explicit":
        counts = rng.permutation(counts)  # a label's number says nothing about its frequency
    train = split_sizes(spec)[0]
    made = families(spec, counts, rng)
    topics = rng.dirichlet(np.full(spec.topics.number, 5.0))
    tables = tuple(_table(spec, family, counts, train, topics, rng) for family in made)
    plain, pool, free = _roles(spec, rng)
    zipf = 1 / (np.arange(len(plain)) + 10.0)  # its first ranks levelled, as in running text without stop words
    steps = np.cumsum(zipf / zipf.sum())
    quantiles = plain[np.searchsorted(steps, (np.arange(1 << 16) + 0.5) / (1 << 16)).clip(max=len(plain) - 1)]
    rates = spec.topics.words * rng.dirichlet(np.full(max(len(pool), 1), spec.topics.focus), spec.topics.number)
    rates = 0.98 * rates + 0.02 * rates.mean(1, keepdims=True)  # no word rules a topic out
    keywords = _keywords(spec, counts, free, rng)
    _refuse_crowds(spec, counts, keywords)
    return World(spec, counts, made, Prior(topics, tables), keywords, plain, quantiles, pool, rates[:, : len(pool)])


def _refuse_crowds(spec: Spec, counts: Ints, keywords: Keywords) -> None:
    """A quarter of the longest document must not arrive within one tick, not even with four labels too many."""
    typical = counts.sum() / split_sizes(spec)[0] + 4
    heard = typical * keywords.strength.sum() / spec.labels + keywords.spurious.sum() + spec.topics.words
    if pdtrc(spec.length.longest // 4, heard / spec.length.plain) > RARE:
        raise AblateError(
            f"{spec.name}: documents with {typical:.0f} labels outgrow {spec.length.longest} words; "
            "raise length.longest or length.plain, or lower evidence.level"
        )


def _table(spec: Spec, family: Family, counts: Ints, train: int, topics: Floats, rng: np.random.Generator) -> Floats:
    """P(pattern | topic), [G, P, Z]; the labels of a block like the same topics."""
    share = counts[family.members] / train  # [G, b]
    drawn = rng.gamma(spec.topics.concentration, size=(len(share), len(topics))) + 1e-12
    liking = FLOOR + (1 - FLOOR) * drawn / (drawn @ topics)[:, None]
    room = FULLEST / (share.max(1) if family.kind == "implied" else share.sum(1))
    margins = share[:, :, None] * _bounded(liking, np.maximum(room, 1), topics)[:, None]
    table = rake(family, margins)
    if table is None:
        for members, wanted in zip(family.members, margins, strict=True):
            if rake(family, wanted[None]) is None:
                raise conflict(spec, family, members, counts)
    assert table is not None
    return table


def _bounded(liking: Floats, room: Floats, topics: Floats) -> Floats:
    """Likings [G, Z] of mean 1 over topics and at most ``room`` [G]; what is cut goes to the other topics."""
    for _ in range(len(topics) + 1):
        liking = np.minimum(liking, room[:, None])
        below = liking < room[:, None]
        held = (liking * ~below) @ topics
        rest = (liking * below) @ topics
        grow = np.divide(1 - held, rest, out=np.ones_like(rest), where=rest > 0)
        liking = np.where(below, liking * grow[:, None], liking)
    return np.where(room[:, None] <= 1, 1.0, liking)


def _roles(spec: Spec, rng: np.random.Generator) -> tuple[Ints, Ints, Ints]:
    """Plain words (the most frequent), words of topics, and words that are free for labels, in random order."""
    plain = spec.length.vocabulary
    pool = spec.topics.pool if spec.topics.words > 0 else 0
    if plain + pool >= len(words()):
        raise AblateError(f"{spec.name}: length.vocabulary and topics.pool take all {len(words()):,} words; lower them")
    rest = plain + rng.permutation(len(words()) - plain)
    return np.arange(plain), np.sort(rest[:pool]), rest[pool:]


def _keywords(spec: Spec, counts: Ints, free: Ints, rng: np.random.Generator) -> Keywords:
    rarity = np.log(counts.max() / counts)  # [L], 0 for the most frequent
    place = rarity / max(rarity.max(), 1e-12)
    law, evidence = spec.keywords, spec.evidence
    sizes = np.rint(law.head * (law.tail / law.head) ** place).astype(np.int64)
    if sizes.sum() > len(free):
        raise AblateError(
            f"{spec.name}: keywords need {sizes.sum():,} words and {len(free):,} are free; lower keywords.tail or .head"
        )
    total = np.maximum(evidence.level + evidence.slope * rarity, 0.1) * rng.lognormal(0, evidence.spread, len(counts))
    label = np.repeat(np.arange(len(counts)), sizes)
    # No two keywords weigh the same, or the posterior would be a lattice with ties.
    strength = rng.lognormal(0, law.sd, len(label))
    strength = strength[np.lexsort((-strength, label))]
    strength *= (total / np.bincount(label, strength))[label]
    spurious = rng.lognormal(0, 0.4, len(label))
    spurious *= (evidence.spurious / np.bincount(label, spurious))[label]
    return Keywords(_assigned(sizes, free, law.coherence, rng), label, strength, spurious)


def _assigned(sizes: Ints, free: Ints, coherence: float, rng: np.random.Generator) -> Ints:
    """Word numbers, label after label: the coherent share of each is a run of words that are near in meaning."""
    near = neighbourhood()[np.isin(neighbourhood(), free)]
    chosen: list[Ints] = [np.empty(0, np.int64)] * len(sizes)
    for label in rng.permutation(len(sizes)):
        run = min(round(coherence * sizes[label]), len(near))
        start = int(rng.integers(len(near) - run + 1))
        chosen[label], near = near[start : start + run], np.delete(near, slice(start, start + run))
    rest = free[~np.isin(free, np.concatenate(chosen))]
    ends = np.cumsum([size - len(run) for size, run in zip(sizes, chosen, strict=True)])
    parts = [
        rng.permutation(np.concatenate([run, rest[end - (size - len(run)) : end]]))
        for size, run, end in zip(sizes, chosen, ends, strict=True)
    ]
    return np.concatenate(parts)
