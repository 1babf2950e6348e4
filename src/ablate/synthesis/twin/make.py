"""From numbers seen of a data set to a spec."""

from __future__ import annotations

from typing import Any

import numpy as np

from ablate.errors import AblateError
from ablate.synthesis.allocation import allocate
from ablate.synthesis.documents import Rows
from ablate.synthesis.spec import Documents, Evidence, Keywords, Length, Spec, Topics, make
from ablate.synthesis.twin.dependence import blocks, grouped
from ablate.synthesis.twin.length import enough, room
from ablate.synthesis.twin.pairs import Pairs, attraction
from ablate.synthesis.twin.seen import Ints, Seen, Sizes
from ablate.synthesis.twin.topics import matched
from ablate.synthesis.words import words
from ablate.synthesis.world import build

KEYWORDS = 4
NOTE = "A twin: counts, co-occurrence and lengths of a data set, and none of its texts or names."


def twin(seen: Seen, name: str = "twin") -> Spec:
    """A spec with the label counts of a data set, from the most frequent label on; no text or name is in it.

    Where documents are seen, blocks and topics are matched to their co-occurrence and cardinality, and lengths to their
    words; else labels are independent and lengths stand at their defaults. Evidence stands at its defaults unless it
    would fill the documents.

    AblateError: more labels than words, or counts and blocks that cannot both hold.
    """
    seen = seen.by_frequency()
    values = _of_counts(seen, name)
    if seen.labels is not None and seen.words is not None:
        values |= _of_documents(seen.labels, seen.words, values)
    return scaled(make(values, name), None)


def scaled(spec: Spec, documents: int | None) -> Spec:
    """A twin with another number of documents over train, validation and test; AblateError where they are too few."""
    spec = spec.scaled(documents)
    try:
        allocate(build(spec))
    except AblateError as error:
        raise AblateError(f"no twin of {spec.documents.total:,} documents: {error}; or give more documents") from None
    return spec


def with_evidence(spec: Spec, seen: Seen, level: float) -> Spec:
    """A twin of documents with another level of evidence, as far as they have room; its lengths stay as they are."""
    assert seen.labels is not None
    assert seen.words is not None
    per_document = np.diff(seen.labels.indptr)
    cardinality = float(per_document.mean()), float(per_document.std())
    own = room(seen.words, cardinality, spec.labels, spec.topics.number > 1, level)
    topics = spec.topics.model_copy(update={"words": own.topics})
    return spec.model_copy(update={"topics": topics, "length": own.length, "evidence": own.evidence})


def sizes_of(train: int) -> Sizes:
    """Splits of the default shares around so many training documents."""
    law = Documents()
    total = round(train / (1 - law.validation - law.test))
    for documents in range(max(total - 3, train), total + 4):
        validation, test = round(law.validation * documents), round(law.test * documents)
        if documents - validation - test == train:
            break
    return Sizes(train, validation, test)


def _of_counts(seen: Seen, name: str) -> dict[str, Any]:
    """A spec's tables where nothing but counts is known."""
    sizes, labels = seen.sizes, len(seen.counts)
    cardinality = float(seen.counts.sum() / sizes.train)
    splits = {"total": sizes.total, "validation": sizes.validation / sizes.total, "test": sizes.test / sizes.total}
    spurious = min(Evidence().spurious, Length().plain / labels)
    evidence = Evidence(spurious=float(f"{spurious:.4g}"))
    return {
        "name": name,
        "note": NOTE,
        "labels": labels,
        "documents": splits,
        "counts": {
            "law": "explicit",
            "rarest": 1,
            "explicit": tuple(seen.counts.tolist()),
            "explicit_documents": sizes.train,
        },
        "length": enough(Length(), cardinality, evidence, labels).model_dump(),
        "evidence": evidence.model_dump(),
        "keywords": _keywords(labels).model_dump(),
    }


def _of_documents(labels: Rows, length: Ints, values: dict[str, Any]) -> dict[str, Any]:
    """Tables that documents tell: blocks, topics, length and evidence."""
    pairs, per_document = Pairs.of(labels), np.diff(labels.indptr)
    cardinality = float(per_document.mean()), float(per_document.std())
    grouping = grouped(pairs, float(per_document.var()))
    found = tuple(block.model_dump() for block in blocks(grouping, labels))
    among = ~grouping.exclude(labels.width)  # topics can hardly move what is exclusive
    tables: dict[str, Any] = {}
    for topical in (True, False):
        own = room(length, cardinality, labels.width, topical)
        topics = Topics(number=2, words=own.topics) if topical else Topics()
        tables = {
            "blocks": found,
            "topics": topics.model_dump(),
            "length": own.length.model_dump(),
            "evidence": own.evidence.model_dump(),
        }
        if topical:
            topics = matched(make({**values, **tables}, str(values["name"])), attraction(pairs, among), among)
            tables["topics"] = topics.model_dump()
        if topics.number > 1:
            break
    return tables


def _keywords(labels: int) -> Keywords:
    """As many words for each label as there are, up to :data:`KEYWORDS`."""
    free = len(words()) - Length().vocabulary - Topics().pool
    if labels > free:
        raise AblateError(f"{labels:,} labels are too many: the generator has {free:,} words; leave out the rarest")
    each = min(KEYWORDS, free // labels)
    return Keywords(head=each, tail=each)
