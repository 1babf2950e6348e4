"""The door: from what a user names to a data set."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ablate.data.columns import ALL_OTHERS, Columns, Documents
from ablate.data.columns import documents as map_columns
from ablate.data.dataset import Dataset
from ablate.data.files import SUFFIXES, read
from ablate.data.labels import Labels
from ablate.data.splits import TRAIN, Assignment, assign, listed
from ablate.data.subset import keep_tail, refuse_few
from ablate.data.tables import Table
from ablate.errors import AblateError, near

DEFAULT = "synthetic:quickstart"
FOLDER_VARIABLE = "ABLATE_DATA_DIR"


def load(
    data: str | None = None,
    *,
    text: str = "text",
    labels: str = "labels",
    label_separator: str | None = None,
    label_columns: str | Sequence[str] | None = None,
    group: str | None = None,
    split_seed: int = 0,
    documents: int | None = None,
    revision: str | None = None,
) -> Dataset:
    """Load a file, a folder, ``hub:owner/name[:config]`` or ``synthetic:PRESET``; None is ``synthetic:quickstart``.

    ``label_columns`` are the names of 0/1 columns (``"*"``: all without another use; a string is split at commas).
    ``documents`` is about how many to keep, ``revision`` the commit of a set of the hub (None: its newest). What the
    source does not give is made from ``split_seed``.
    Raises :class:`AblateError`, one line with file, row and remedy.
    """
    refuse_few(documents)
    if split_seed < 0:
        raise AblateError(f"--split-seed is {split_seed}; give 0 or more")
    data = DEFAULT if data is None else data
    if data.startswith("synthetic:"):
        return _synthetic(data.removeprefix("synthetic:"), documents, split_seed)
    columns = Columns(text, labels, label_separator, _listed_columns(label_columns), group)
    dataset = from_table(_table(data, columns, revision), columns, split_seed, documents)
    return replace(dataset, options=_options(columns, documents))


def from_table(table: Table, columns: Columns, split_seed: int, documents: int | None) -> Dataset:
    """A data set from a table: columns mapped, splits completed, a subset taken, untrained labels set apart."""
    found = map_columns(table, columns)
    assignment = _assigned(table.name, found, split_seed)
    rows, notes = np.flatnonzero(assignment.split >= 0), found.notes + assignment.notes
    if documents is not None and documents < len(rows):
        kept = keep_tail(found.labels, assignment.split, documents, split_seed)
        notes += (f"{len(kept):,} of {len(rows):,} documents, chosen to keep the tail",)
        rows = kept
    texts = found.texts if len(rows) == len(found.texts) else [found.texts[row] for row in rows]
    labels, names, untrained = _trained(found.labels.take(rows), found.names, assignment.split[rows])
    if untrained:
        notes += (f"labels without a training document: {listed(list(untrained))}",)
    split = assignment.split[rows]
    sha256, revision = table.sha256, table.revision
    return Dataset(table.name, texts, labels, names, split, sha256, split_seed, untrained, notes, revision=revision)


def _assigned(name: str, found: Documents, split_seed: int) -> Assignment:
    try:
        return assign(found, split_seed)
    except AblateError as error:
        raise AblateError(f"{name}: {error}") from None


def _trained(
    labels: Labels, names: Sequence[str], split: NDArray[np.int8]
) -> tuple[Labels, tuple[str, ...], tuple[str, ...]]:
    """Labels and names, by name, of those with a training document; then the names of the others."""
    trained = labels.take(np.flatnonzero(split == TRAIN)).counts() > 0
    order = sorted(range(len(names)), key=lambda column: names[column])
    kept = [column for column in order if trained[column]]
    if not kept:
        raise AblateError("no training document has a label; give more documents, or label some of train")
    untrained = tuple(names[column] for column in order if not trained[column])
    return labels.keep(np.asarray(kept)), tuple(names[column] for column in kept), untrained


def _synthetic(preset: str, documents: int | None, split_seed: int) -> Dataset:
    """A generated set as the generator made it: its splits, its copies and its posteriors are its truth."""
    from ablate.data.generated import dataset
    from ablate.synthesis.generate import generate

    found = dataset(preset, generate(preset, documents))
    return replace(found, split_seed=split_seed, options=_options(Columns(), documents))


def _table(data: str, columns: Columns, revision: str | None) -> Table:
    if data.startswith("hub:"):
        from ablate.data.hub import read_hub

        return read_hub(data.removeprefix("hub:"), columns, revision)
    return read(find(data))


def find(data: str) -> Path:
    """The file or folder that is meant: as given, else in the folder ``ABLATE_DATA_DIR``, where the suffix may be left
    out; raises :class:`AblateError` naming the places and a near match.
    """
    given = Path(data).expanduser()
    folder = os.environ.get(FOLDER_VARIABLE)
    places = [given] if folder is None or given.is_absolute() else [given, Path(folder).expanduser() / data]
    beside = [place.with_name(place.name + suffix) for place in places[1:] for suffix in SUFFIXES]
    for place in [*places, *beside]:
        if data and place.exists():
            return place
    there = sorted({path.name for place in places if place.parent.is_dir() for path in place.parent.iterdir()})
    hint = near(given.name, [name for name in there if name.isprintable()])
    looked = " nor ".join(str(place) for place in places)
    remedy = "check the path" if folder else f"check the path, or set {FOLDER_VARIABLE} to the folder of the file"
    raise AblateError(f"no such file: {looked}{hint}; {remedy}")


def _listed_columns(label_columns: str | Sequence[str] | None) -> tuple[str, ...] | None:
    if label_columns is None:
        return None
    names = label_columns.split(",") if isinstance(label_columns, str) else list(label_columns)
    return ALL_OTHERS if names == ["*"] else tuple(name.strip() for name in names)


def _options(columns: Columns, documents: int | None) -> tuple[tuple[str, str], ...]:
    """The options that change what is read from the same bytes, where they are not the defaults."""
    neutral = Columns()
    changed = {name: value for name, value in vars(columns).items() if value != getattr(neutral, name)}
    if documents is not None:
        changed["documents"] = documents
    return tuple((name, json.dumps(value)) for name, value in sorted(changed.items()))
