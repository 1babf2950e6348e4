"""The words that texts are made of."""

from __future__ import annotations

from functools import cache
from importlib import resources

import numpy as np
from numpy.typing import NDArray


@cache
def words() -> tuple[str, ...]:
    """Real English words, frequent ones first, whole pieces of BERT (uncased) and, after a space, of RoBERTa."""
    return tuple(_read("words.txt").split())


@cache
def numbers() -> dict[str, int]:
    """The place of each word in :func:`words`."""
    return {word: number for number, word in enumerate(words())}


@cache
def neighbourhood() -> NDArray[np.int64]:
    """Word numbers of nouns and verbs in semantic order: what is near in this array is near in WordNet."""
    lines = _read("neighbourhoods.txt").splitlines()
    return np.array([numbers()[word] for line in lines for word in line.partition(": ")[2].split()], np.int64)


def _read(name: str) -> str:
    return resources.files(__package__).joinpath(name).read_text(encoding="utf-8")
