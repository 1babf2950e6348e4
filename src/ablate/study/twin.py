"""``ablate twin``: a synthetic spec from counts or data, and how near it is."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from ablate.data.dataset import SPLITS, Dataset
from ablate.data.files import read
from ablate.data.labels import Labels
from ablate.data.source import find, load
from ablate.errors import AblateError
from ablate.results.weights.counts import TrainingCounts, checked, is_counts, read_counts
from ablate.results.whole import write_whole
from ablate.study import nearness
from ablate.study.evidence import matched_level
from ablate.study.nearness import Compared, Values
from ablate.synthesis.counts import training_counts
from ablate.synthesis.documents import Rows
from ablate.synthesis.generate import generate
from ablate.synthesis.spec import Spec
from ablate.synthesis.toml import dumps
from ablate.synthesis.twin.make import scaled, sizes_of, twin, with_evidence
from ablate.synthesis.twin.seen import Seen, Sizes

COMMENT = "Made by `ablate twin`: labels are numbered from the most frequent on; no text or label name is in here."

MOST = 100_000
"""Documents up to which a twin is drawn in the size of the data to be compared with them."""


def run(
    source: str,
    out: Path,
    documents: int | None,
    scale_to: int | None,
    name: str,
    quick_model: bool,
    match_recall: bool,
    **columns: Any,
) -> None:
    """Write the twin of ``source`` to ``out``, and print how near it is.

    ``columns`` are what :func:`ablate.data.source.load` takes beside the source. ``scale_to`` is the number of
    documents of the spec; the comparison is made in the size of the data. AblateError before anything is written.
    """
    _refuse(out, name, documents, scale_to)
    counts = _counts(source, documents, columns)
    if counts is not None and match_recall:
        raise AblateError(f"{source}: --match-recall needs texts, and these are counts; give a data file, or leave it")
    dataset = _data(source, documents, columns) if counts is None else None
    seen = _seen(dataset, counts)
    spec = twin(seen, name)
    if match_recall:
        spec = _matched(dataset, seen, spec)
    written = spec if scale_to is None else scaled(spec, scale_to)
    write_whole(out, dumps(written, COMMENT).encode())
    print(f"written to {out}: {written.labels:,} labels, {written.documents.total:,} documents, {_dependence(written)}")
    for note in counts.notes if counts else dataset.notes if dataset else ():
        print(f"note: {note}")
    for line in _report(dataset, seen, spec, written, quick_model):
        print(line, flush=True)
    print(f"\nmake it: python -m ablate synth {out} --out FOLDER; or study it: --data synthetic:{out}")


def _refuse(out: Path, name: str, documents: int | None, scale_to: int | None) -> None:
    if out.suffix != ".toml":
        raise AblateError(f"--out is '{out}'; give the name of a .toml file")
    if out.exists():
        raise AblateError(f"'{out}' is there already; give another --out, or remove it")
    if not re.fullmatch(r"[a-z0-9][a-z0-9._-]*", name):
        raise AblateError(f"--name is '{name}'; give small letters, digits, '.', '_' and '-'")
    for option, number in (("--documents", documents), ("--scale-to", scale_to)):
        if number is not None and number < 1:
            raise AblateError(f"{option} is {number}; give 1 or more")


def _counts(source: str, documents: int | None, columns: dict[str, Any]) -> TrainingCounts | None:
    """What a file of label,count holds; None for data."""
    own_columns = columns["label_columns"] or (columns["text"], columns["labels"]) != ("text", "labels")
    if own_columns or source.startswith(("synthetic:", "hub:")) or not is_counts(read(find(source)).parts[0]):
        return None
    path = find(source)
    return checked(read_counts(path), documents, path.name)


def _data(source: str, documents: int | None, columns: dict[str, Any]) -> Dataset:
    if documents is not None:
        raise AblateError(f"{source}: --documents goes with a file of label,count; here the training split tells")
    return load(source, **columns)


def _seen(dataset: Dataset | None, counts: TrainingCounts | None) -> Seen:
    """Numbers alone: of counts, or of the training documents of a data set and the sizes of its splits."""
    if counts is not None:
        return Seen(counts.positives, sizes_of(counts.documents))
    assert dataset is not None
    sizes = Sizes(*(len(dataset.rows(split)) for split in SPLITS))
    labels = dataset.labels.take(dataset.rows("train"))
    rows = Rows(labels.indptr, labels.indices, labels.width)
    return Seen(labels.counts(), sizes, rows, nearness.words_of(dataset))


def _matched(dataset: Dataset | None, seen: Seen, spec: Spec) -> Spec:
    assert dataset is not None
    small = spec.scaled(min(spec.documents.total, MOST))
    level = matched_level(dataset, lambda level: _drawn(with_evidence(small, seen, level)))
    return scaled(with_evidence(spec, seen, level), None)


def _dependence(spec: Spec) -> str:
    kinds = [block.kind for block in spec.blocks]
    told = [f"{kinds.count(kind)} of kind {kind}" for kind in dict.fromkeys(kinds)]
    return f"{spec.topics.number} topics, {len(kinds)} blocks" + (f" ({', '.join(told)})" if told else "")


def _report(dataset: Dataset | None, seen: Seen, spec: Spec, written: Spec, quick_model: bool) -> Iterator[str]:
    """Lines of the tables; the slow ones come last."""
    yield from _lines(nearness.counts(seen.counts, training_counts(spec)))
    if written is not spec:
        after = f"training positives, with {written.documents.total:,} documents"
        yield from _lines(nearness.counts(seen.counts, training_counts(written)), after)
    if dataset is None:
        yield ""
        yield "co-occurrence, cardinality and lengths: not known from counts alone; labels are independent"
        return
    small = spec.scaled(min(spec.documents.total, MOST))
    drawn = _drawn(small)
    order = np.argsort(-seen.counts, kind="stable")
    for compared in (*nearness.dependence(dataset, drawn, order), nearness.length(dataset, drawn)):
        yield from _lines(compared)
    if small.documents.total < spec.documents.total:
        yield f"the twin was drawn with {MOST:,} documents for this; the quick model was left out"
    elif quick_model:
        yield from _lines(nearness.quick_model(dataset, drawn))
        yield f"  evidence.level is {spec.evidence.level:g}; --match-recall fits it to the recall on the data"


def _drawn(spec: Spec) -> Dataset:
    """The twin as a data set; every label has a training document."""
    made = generate(spec)
    labels = Labels(made.labels.indptr, made.labels.indices, made.labels.width)
    return Dataset(spec.name, made.texts, labels, made.names, made.split, made.sha256)


def _lines(compared: Compared, subject: str | None = None) -> Iterator[str]:
    yield ""
    yield f"{subject or compared.subject:<50} {'data':>10} {'twin':>10}"
    for name in compared.data:
        yield f"  {name:<48} {_figure(compared.data, name):>10} {_figure(compared.twin, name):>10}"
    for note in compared.notes:
        yield from textwrap.wrap(note, 100, initial_indent="  ", subsequent_indent="  ")


def _figure(values: Values, name: str) -> str:
    value = values[name]
    return f"{value:,.0f}" if value == int(value) or value >= 1000 else f"{value:,.3g}"
