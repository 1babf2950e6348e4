"""What a synthetic data set is made to be: the spec, as read from TOML."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from ablate.errors import AblateError, near

Share = Annotated[float, Field(ge=0, lt=1)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
MOST_IN_TABLE = 8
"""Labels of a block that is not exclusive: its table has a row for each of their 2^8 sets."""


class Part(BaseModel):
    """A table of a spec: unknown keys are mistakes, values never change."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Documents(Part):
    """How many documents: ``total`` over train, validation and test, and ``tail`` more, drawn for each label."""

    total: int = Field(default=8_000, ge=1)
    validation: float = Field(default=0.15, gt=0, lt=1)
    test: float = Field(default=0.2, gt=0, lt=1)
    tail: int = Field(default=60, ge=0)

    @model_validator(mode="after")
    def _train_is_left(self) -> Self:
        if self.validation + self.test >= 1:
            raise ValueError("validation and test leave no share for train; lower one of them")
        return self


class Counts(Part):
    """Training positives of the labels: a law between the rarest and the most frequent label, or the counts themselves.

    ``top`` is the share of the training documents with the most frequent label; ``rarest`` is a number of documents
    where it is 1 or more, else a share. ``cardinality`` (labels per training document) replaces ``top`` where it is
    given. ``exponent`` is Zipf's; None lets the law end at the rarest label. ``explicit`` counts are those of
    ``explicit_documents`` training documents and are scaled to others.
    """

    law: Literal["loguniform", "lognormal", "zipf", "explicit"] = "loguniform"
    rarest: float = Field(default=5, gt=0)
    top: float = Field(default=0.04, gt=0, le=1)
    cardinality: Positive | None = None
    exponent: Positive | None = None
    explicit: tuple[Annotated[int, Field(ge=1)], ...] = ()
    explicit_documents: int | None = Field(default=None, ge=1)

    @model_validator(mode="after")
    def _explicit_has_counts(self) -> Self:
        if (self.law == "explicit") != bool(self.explicit) or bool(self.explicit) != bool(self.explicit_documents):
            raise ValueError("law 'explicit' goes with explicit = [...] and explicit_documents; give all or none")
        return self


class Topics(Part):
    """Latent topics: ``concentration`` near 0 ties labels to few topics (strong co-occurrence), large values to none.

    ``words`` is the mean number of topic words in a document of exposure 1, over ``pool`` words; ``focus`` is the
    concentration of the topics' word frequencies.
    """

    number: int = Field(default=1, ge=1, le=200)
    concentration: Positive = 1.0
    words: float = Field(default=0, ge=0, le=100)
    pool: int = Field(default=200, ge=2)
    focus: Positive = 0.3


class Block(Part):
    """Labels that depend on each other given the topic.

    Either ``number`` blocks of ``size`` labels drawn by the seed, or one block of the ``labels`` named by number. Of an
    ``implied`` block the first label (of drawn ones the most frequent) is implied by each other one. ``table`` gives
    an own weight to each of the 2^b label sets, the first label being the lowest bit; it is raked to the counts
    (Deming and Stephan 1940), so that it fixes the odds ratios and the zeros.
    """

    kind: Literal["siblings", "exclusive", "implied", "table"] = "siblings"
    number: int = Field(default=1, ge=1)
    size: int = Field(default=2, ge=2)
    labels: tuple[Annotated[int, Field(ge=0)], ...] = ()
    table: tuple[Annotated[float, Field(ge=0, allow_inf_nan=False)], ...] = ()
    odds: Positive = 8.0
    overlap: float = Field(default=0, ge=0, le=1)

    @property
    def width(self) -> int:
        """Labels in one block."""
        return len(self.labels) or self.size

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if self.kind != "exclusive" and self.width > MOST_IN_TABLE:
            raise ValueError(f"{self.width} labels in a block of kind '{self.kind}'; give {MOST_IN_TABLE} or fewer")
        if self.labels and (self.number != 1 or len(set(self.labels)) != len(self.labels) or len(self.labels) < 2):
            raise ValueError("labels names two or more different labels of one block; give number = 1")
        if (self.kind == "table") != bool(self.table):
            raise ValueError("kind 'table' goes with table = [...]; give both or none")
        if self.table and len(self.table) != 2**self.width:
            raise ValueError(f"table has {len(self.table)} weights; give {2**self.width}, one for each label set")
        return self


class Length(Part):
    """Words of a document that stand for nothing: log-normal, whole, in ``fewest`` to ``most``, telling the exposure.

    A document of ``plain`` such words has exposure 1. ``longest`` is the most words a document may have, all together.
    """

    plain: Positive = 16
    sd: float = Field(default=0.35, ge=0, le=2)
    fewest: int = Field(default=5, ge=1)
    most: int = Field(default=40, ge=1)
    longest: int = Field(default=80, ge=20)
    vocabulary: int = Field(default=400, ge=10)

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if not self.fewest <= self.plain <= self.most <= self.longest:
            raise ValueError("fewest <= plain <= most <= longest must hold; change one of them")
        return self


class Evidence(Part):
    """Keywords that a label writes, and keywords that are written without it, in a document of exposure 1.

    ``level`` is that of the most frequent label; a label e times rarer has ``slope`` more. ``spread`` is the standard
    deviation of its logarithm over labels. ``spurious`` is the rate of one label's keywords, all together, without it.
    """

    level: Positive = 3.0
    slope: float = Field(default=0, allow_inf_nan=False)
    spread: float = Field(default=0.25, ge=0, le=2)
    spurious: Positive = 0.05


class Keywords(Part):
    """Over how many words the evidence of a label is spread: ``head`` for the most frequent label, ``tail`` for the
    rarest, log-linear in the count between. ``sd`` is that of log strength over a label's words; ``coherence`` the
    share of a label's words that come from one semantic neighbourhood.
    """

    head: float = Field(default=4, ge=1, le=300)
    tail: float = Field(default=4, ge=1, le=300)
    sd: float = Field(default=0.5, ge=0, le=2)
    coherence: float = Field(default=0, ge=0, le=1)


class Noise(Part):
    """Label noise: a true label is ``missing``, and a label that is not there is ``false``, with these rates."""

    missing: Share = 0
    false: Share = 0


class Spec(Part):
    """A synthetic data set, but for its number of documents, which may be scaled."""

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9._-]*$")
    note: str = ""
    seed: int = Field(default=0, ge=0)
    labels: int = Field(default=64, ge=1, le=60_000)
    documents: Documents = Documents()
    counts: Counts = Counts()
    topics: Topics = Topics()
    blocks: tuple[Block, ...] = ()
    length: Length = Length()
    evidence: Evidence = Evidence()
    keywords: Keywords = Keywords()
    noise: Noise = Noise()

    @model_validator(mode="after")
    def _labels_agree(self) -> Self:
        if self.counts.explicit and len(self.counts.explicit) != self.labels:
            raise ValueError(f"counts.explicit has {len(self.counts.explicit)} counts for {self.labels} labels")
        named = [label for block in self.blocks for label in block.labels]
        if len(set(named)) < len(named) or max(named, default=0) >= self.labels:
            raise ValueError(f"blocks.labels: each label stands in one block at most and is below {self.labels}")
        wanted = sum(block.number * block.width for block in self.blocks)
        if wanted > self.labels:
            raise ValueError(f"blocks: they take {wanted} labels of {self.labels}; lower blocks.number or blocks.size")
        return self

    def scaled(self, documents: int | None) -> Spec:
        """The same with another number of documents; training counts follow their law."""
        if documents is None:
            return self
        return self.model_copy(update={"documents": self.documents.model_copy(update={"total": documents})})

    @property
    def key(self) -> str:
        """The sha256 of all that determines the data."""
        return hashlib.sha256(self.model_dump_json(exclude={"note"}).encode()).hexdigest()


def make(values: Mapping[str, Any], place: str) -> Spec:
    """A spec from the tables of a TOML file; ``place`` is named in what is said of mistakes.

    AblateError: a key that is unknown or a value that cannot be, by its dotted path, with the remedy.
    """
    try:
        return Spec.model_validate(dict(values))
    except ValidationError as error:
        raise AblateError(f"{place}: {_told(error)}") from None


def _told(error: ValidationError) -> str:
    first = error.errors()[0]
    path = ".".join(str(part) for part in first["loc"])
    if first["type"] == "extra_forbidden":
        known = _known(first["loc"][:-1])
        return f"unknown key '{path}'{near(str(first['loc'][-1]), known)}; known are {', '.join(known)}"
    message = first["msg"].removeprefix("Value error, ")
    given = "" if isinstance(first["input"], Mapping) or first["type"] == "missing" else f", not {first['input']!r}"
    lowered = message[:1].lower() + message[1:]
    return f"{path}: {lowered}{given}" if path else lowered


def _known(path: tuple[int | str, ...]) -> list[str]:
    model: type[BaseModel] = Spec
    for part in path:
        if isinstance(part, str):
            inner = model.model_fields[part].annotation
            model = inner if isinstance(inner, type) and issubclass(inner, BaseModel) else Block
    return list(model.model_fields)
