"""A synthetic data set in memory, for studies."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ablate.synthesis.chunks import SPLITS, TAIL, Factory, Made
from ablate.synthesis.documents import Ints, Rows
from ablate.synthesis.posterior import Eta
from ablate.synthesis.presets import resolve
from ablate.synthesis.spec import Spec
from ablate.synthesis.tokens import Tokens
from ablate.synthesis.world import World


@dataclass(frozen=True, eq=False)
class Tail:
    """Test documents drawn given a label: ``texts`` [N], observed ``labels``, ``label`` [N] what each is drawn for."""

    texts: list[str]
    labels: Rows
    label: Ints


@dataclass(frozen=True, eq=False)
class Generated:
    """A corpus. Shapes: ``texts`` N strings; ``labels`` N rows of L columns; ``split`` int8 [N].

    ``names`` has one name per label, its strongest keyword; ``split`` is 0 for train, 1 for validation, 2 for test;
    ``sha256`` is of texts, labels, names and split.
    """

    factory: Factory = field(repr=False)
    texts: list[str]
    labels: Rows
    names: tuple[str, ...]
    split: NDArray[np.int8]
    sha256: str
    _made: tuple[Made, ...] = field(repr=False)

    @property
    def world(self) -> World:
        """The law of the documents."""
        return self.factory.world

    @cached_property
    def tail(self) -> Tail:
        """Test documents drawn given each label, the same number for all; made when asked for."""
        made = self._tail
        label = np.concatenate([part.given for part in made if part.given is not None] or [np.zeros(0, np.int64)])
        empty = Rows(np.zeros(1, np.int64), np.zeros(0, np.int32), self.labels.width)
        return Tail(_texts(made), Rows.joined([part.labels for part in made] or [empty]), label)

    def tokens(self, split: str) -> Tokens:
        """The words of a split's documents (train, validation, test or tail)."""
        return _joined([part.tokens for part in self._parts(SPLITS.index(split))])

    def eta(self, split: str) -> Eta:
        """Exact posterior of a split's documents, in their order."""
        return self.factory.posterior(SPLITS.index(split)).eta(self.tokens(split))

    def _parts(self, split: int) -> tuple[Made, ...]:
        if split == TAIL:
            return self._tail
        return tuple(made for chunk, made in zip(self.factory.chunks, self._made, strict=False) if chunk.split == split)

    @cached_property
    def _tail(self) -> tuple[Made, ...]:
        return tuple(self.factory.make(chunk) for chunk in self.factory.chunks if chunk.split == TAIL)


def generate(preset: str | Spec, documents: int | None = None) -> Generated:
    """The corpus of a preset, a TOML file or a spec; the same bytes for the same arguments.

    ``documents`` scales it: training counts follow their law. AblateError for what is no preset, for too few documents
    and for specs that cannot be.
    """
    spec = (resolve(preset) if isinstance(preset, str) else preset).scaled(documents)
    factory = Factory(spec)
    chunks = [chunk for chunk in factory.chunks if chunk.split != TAIL]
    made = tuple(factory.make(chunk) for chunk in chunks)
    texts, labels = _texts(made), Rows.joined([part.labels for part in made])
    split = np.repeat([chunk.split for chunk in chunks], [chunk.size for chunk in chunks]).astype(np.int8)
    names = factory.world.names
    return Generated(factory, texts, labels, names, split, _sha256(texts, labels, names, split), made)


def _texts(made: tuple[Made, ...]) -> list[str]:
    return [text for part in made for text in part.texts.to_pylist()]


def _joined(parts: list[Tokens]) -> Tokens:
    starts = np.cumsum([0, *(len(part) for part in parts)])
    empty = np.zeros(0, np.int64)
    return Tokens(
        np.concatenate([empty, *(part.plain for part in parts)]),
        np.concatenate([empty, *(part.row + start for part, start in zip(parts, starts, strict=False))]),
        np.concatenate([empty, *(part.word for part in parts)]),
    )


def _sha256(texts: list[str], labels: Rows, names: tuple[str, ...], split: NDArray[np.int8]) -> str:
    digest = hashlib.sha256("\n".join(texts).encode())
    digest.update(labels.indptr.astype("<i8").tobytes() + labels.indices.astype("<i4").tobytes())
    digest.update(json.dumps(names).encode())
    digest.update(split.tobytes())
    return digest.hexdigest()
