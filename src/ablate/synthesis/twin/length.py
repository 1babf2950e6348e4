"""Lengths of documents, and how many of their words may stand for something."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import pdtrc

from ablate.synthesis.spec import Evidence, Length
from ablate.synthesis.world import RARE

Ints = NDArray[np.int64]

LABELS, CHANCE, TOPICS = 0.5, 0.125, 0.125
"""Shares of a document's words that labels, keywords without their label, and topics take at most."""

LONGEST = 2_000
"""Words of the longest document of a twin, at most."""


@dataclass(frozen=True)
class Room:
    """Words of a document: of the ``topics``, evidence of labels, and the length around them."""

    topics: float
    evidence: Evidence
    length: Length


def room(
    words: Ints, cardinality: tuple[float, float], labels: int, topical: bool, level: float = Evidence().level
) -> Room:
    """Documents whose number of words has the mean and deviation of ``words`` [N].

    Evidence has the ``level`` given, and spurious keywords their default, unless they would fill the documents. What is
    left of the mean are plain words. With
    W words in the mean, H of them meaningful, and C labels of ``level`` words, the variance of a twin's words is
    v W^2 + H + level^2 var(C) with v that of the exposure, which is solved for v. ``cardinality`` is mean and standard
    deviation of C.
    """
    words = np.minimum(words, LONGEST)
    mean, variance = max(float(words.mean()), 1.0), float(words.var())
    topic_words = min(2.0, TOPICS * mean) if topical else 0.0
    spurious = min(Evidence().spurious, CHANCE * mean / labels)
    level = max(min(level, LABELS * mean / cardinality[0]), 0.1)
    heard = topic_words + spurious * labels + level * cardinality[0]
    plain = max(mean - heard, 1.0)
    v = max(variance - heard - (level * cardinality[1]) ** 2, 0.0) / mean**2
    scale = plain / mean
    fewest = max(1, min(math.floor(plain), round(float(words.min()) * scale)))
    most = max(math.ceil(plain), math.ceil(float(np.quantile(words, 0.999)) * scale))
    needed = _room_to_end(cardinality[0], level, spurious * labels + topic_words, plain)
    longest = max(int(words.max()), most, needed)
    evidence = Evidence(level=_short(level), spurious=_short(spurious))
    sd = min(math.sqrt(math.log1p(v)), 2.0)
    length = Length(plain=_short(plain), sd=_short(sd), fewest=fewest, most=most, longest=longest)
    return Room(_short(topic_words), evidence, length)


def enough(length: Length, cardinality: float, evidence: Evidence, labels: int) -> Length:
    """The same with as many words at most as documents of so many labels need."""
    needed = _room_to_end(cardinality, evidence.level, evidence.spurious * labels, length.plain)
    return length.model_copy(update={"longest": max(length.longest, needed)})


def _room_to_end(cardinality: float, level: float, other: float, plain: float) -> int:
    """Words after which the generator can end a document: see ``world.build``; a margin of a fifth for its spread."""
    arriving = 1.2 * ((cardinality + 4) * level + other) / plain
    quarter = 5
    while pdtrc(quarter, arriving) > RARE / 10:
        quarter += 1
    return 4 * (quarter + 1)


def _short(value: float) -> float:
    return float(f"{value:.4g}")
