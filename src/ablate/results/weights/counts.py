"""Training counts: how many documents carry each label."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ablate.data.cells import plain
from ablate.data.files import read
from ablate.data.source import find
from ablate.data.tables import Part, shorten
from ablate.errors import AblateError

LABEL, COUNT = "label", "count"


@dataclass(frozen=True, eq=False)
class TrainingCounts:
    """Documents of a training set and, by name, how many of them carry each label, int64 [L], none below 1."""

    names: tuple[str, ...]
    positives: NDArray[np.int64]
    documents: int
    notes: tuple[str, ...] = ()

    @property
    def prior(self) -> NDArray[np.float64]:
        """Share of the documents with each label, [L]."""
        return np.asarray(self.positives / self.documents)


def read_counts(path: Path) -> dict[str, int]:
    """Counts by label from a file with the columns ``label`` and ``count``, in its order; 0 is a count.

    Raises:
        AblateError: no such file or column, a count that is no whole number, a label named twice.
    """
    part = read(find(str(path))).parts[0]
    if not is_counts(part):
        missing = next(name for name in (LABEL, COUNT) if name not in part.columns)
        raise AblateError(f"{part.file}: no column {missing!r}{part.hint(missing)}; give a file of label,count")
    found: dict[str, int] = {}
    for row, (label, count) in enumerate(zip(part.columns[LABEL](), part.columns[COUNT](), strict=True)):
        name = plain(str(label)) if label is not None else ""
        if not name:
            raise AblateError(f"{part.place(row)}: the label is empty; name it or remove the row")
        if name in found:
            raise AblateError(f"{part.place(row)}: label {shorten(name)} comes twice; add its counts up in one row")
        found[name] = _whole(part, row, count)
    return found


def is_counts(part: Part) -> bool:
    """Whether a file holds counts rather than documents."""
    return LABEL in part.columns and COUNT in part.columns


def of_mapping(counts: Mapping[str, int]) -> dict[str, int]:
    """Counts given from Python (a dict or a pandas Series), checked.

    Raises:
        AblateError: a count that is no whole number from 0 on.
    """
    found = {}
    for name, count in counts.items():
        if not (count >= 0 and float(count).is_integer()):
            raise AblateError(f"counts: the count of {shorten(name)} is {count}; give whole numbers from 0 on")
        found[plain(str(name))] = int(count)
    return found


def checked(counts: dict[str, int], documents: int | None, place: str) -> TrainingCounts:
    """Counts of so many training documents; labels without one are left out.

    Raises:
        AblateError: no number of documents, one below a count, or no count above 0.
    """
    if documents is None:
        raise AblateError(f"{place}: counts without the number of training documents; give --documents N")
    if not any(counts.values()):
        raise AblateError(f"{place}: no label has a training document; give counts above 0")
    name, most = max(counts.items(), key=lambda pair: pair[1])
    if documents < most:
        raise AblateError(f"--documents is {documents}, but label {name!r} has {most}; give all training documents")
    trained = {name: count for name, count in counts.items() if count}
    left = len(counts) - len(trained)
    notes = (f"{left:,} labels without a training document are left out",) if left else ()
    return TrainingCounts(tuple(trained), np.array(list(trained.values()), np.int64), documents, notes)


def _whole(part: Part, row: int, count: object) -> int:
    try:
        number = float(str(count))
        if number < 0 or number != int(number):
            raise ValueError
    except (ValueError, OverflowError):
        raise AblateError(
            f"{part.place(row)}, column 'count': {shorten(count)} is no count; give a whole number from 0 on"
        ) from None
    return int(number)
