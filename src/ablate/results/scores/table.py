"""A table of scores as an audit needs it: validation and test, scores as logits, labels in their order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ablate.data.cells import guess_separator, label_lists
from ablate.data.columns import SPLIT, from_pairs, split_of_rows
from ablate.data.dataset import SPLITS
from ablate.data.labels import Labels
from ablate.data.splits import listed
from ablate.data.tables import Part, shorten
from ablate.errors import AblateError
from ablate.results.scores.logits import SCALES, OutsideError, close_ends, logits_of, refuse_bad
from ablate.results.scores.names import Scored, refuse_unscored, scored_labels
from ablate.results.scores.sources import Source, open_scores

TRAIN, VALIDATION, TEST = range(3)


@dataclass(frozen=True, eq=False)
class Side:
    """Documents of one split: scores as logits, float32 [M, L], and the true labels [M, L]."""

    scores: NDArray[np.float32]
    labels: Labels


@dataclass(frozen=True, eq=False)
class ScoreTable:
    """All that is read of scores.

    ``train`` are the labels of rows marked train, whose scores are not read; None without such rows.
    ``scale`` is the scale that the scores are given in; in ``validation`` and ``test`` they are logits.
    """

    name: str
    names: tuple[str, ...]
    validation: Side
    test: Side
    train: Labels | None
    scale: str
    notes: tuple[str, ...]


@dataclass(frozen=True)
class Reading:
    """How to read scores: column and separator of the labels, scale where it is known, unscored labels dropped."""

    labels: str = "labels"
    label_separator: str | None = None
    scale: str | None = None
    drop_unscored: bool = False

    def __post_init__(self) -> None:
        if self.scale is not None and self.scale not in SCALES:
            raise AblateError(f"unknown scale {self.scale!r}; give logits or probabilities")


def read_scores(
    given: str | Path | pd.DataFrame,
    reading: Reading,
    label_names: Sequence[str] | None = None,
    counted: Mapping[str, int] | None = None,
) -> ScoreTable:
    """Read a file or a frame; raises :class:`AblateError` with file, row and remedy at every mistake in it."""
    source = open_scores(given)
    part = source.part
    split = _splits(part)
    lists, notes = _lists(part, reading)
    carried = {name for names in lists for name in names}
    scored = scored_labels(source, (reading.labels, SPLIT), carried, label_names, counted)
    if scored.skipped:
        skipped = [name or "one without a name" for name in scored.skipped]
        notes.append(f"columns that are no scores of a label, not read: {listed(skipped, 5)}")
    labels = _encoded(lists, carried, scored, reading, part.file, notes)
    validation, test, scale = _sides(source, scored, split, reading, notes)
    rows = [np.flatnonzero(split == which) for which in range(3)]
    return ScoreTable(
        Path(part.file).stem,
        scored.names,
        Side(validation, labels.take(rows[VALIDATION])),
        Side(test, labels.take(rows[TEST])),
        labels.take(rows[TRAIN]) if len(rows[TRAIN]) else None,
        scale,
        tuple(notes),
    )


def _splits(part: Part) -> NDArray[np.int8]:
    """The split of each row; both validation and test have to be there."""
    if SPLIT not in part.columns:
        raise AblateError(
            f"{part.file}: no column 'split'{part.hint(SPLIT)}; add one that says validation or test. With one set of "
            "scores, mark a random half of its documents validation: the cut must not be chosen where it is judged"
        )
    split = split_of_rows(part)
    for which, why in ((VALIDATION, "the cut cannot be chosen"), (TEST, "the cut cannot be judged")):
        if not (split == which).any():
            remedy = f"score documents that the model was not trained on and mark them {SPLITS[which]}"
            raise AblateError(
                f"{part.file}: no {SPLITS[which]} rows, so {why}; {remedy}, or a random half of the others"
            )
    return split


def _lists(part: Part, reading: Reading) -> tuple[list[list[str]], list[str]]:
    cells, mark = part.cells(reading.labels, "--labels"), reading.label_separator
    notes = []
    if mark is None and (mark := guess_separator(cells)):
        notes.append(f"labels are separated by {mark!r} (guessed)")
    return label_lists(part, reading.labels, cells, mark, arrays=reading.label_separator is None), notes


def _encoded(
    lists: Sequence[Sequence[str]],
    carried: set[str],
    scored: Scored,
    reading: Reading,
    file: str,
    notes: list[str],
) -> Labels:
    number = {name: i for i, name in enumerate(scored.names)}
    if not carried & set(number):
        shown = f"documents carry {shorten(min(carried))}, scores are of {shorten(scored.names[0])}" if carried else ""
        what = f"no label of a document has scores ({shown})" if carried else "no document has a label"
        raise AblateError(f"{file}: {what}; name score columns as the labels are named")
    if not reading.drop_unscored:
        refuse_unscored(carried, scored.names, file)
    elif unscored := sorted(carried - set(number)):
        notes.append(f"labels without scores, left out: {listed(unscored, 5)}")
    known = [[number[name] for name in names if name in number] for names in lists]
    rows = np.repeat(np.arange(len(known), dtype=np.int64), [len(row) for row in known])
    columns = np.fromiter((column for row in known for column in row), np.int64, len(rows))
    return from_pairs(rows, columns, len(known), len(scored.names))


def _sides(
    source: Source, scored: Scored, split: NDArray[np.int8], reading: Reading, notes: list[str]
) -> tuple[NDArray[np.float32], NDArray[np.float32], str]:
    """Scores of validation and of test as logits, and the scale they were given in."""
    if reading.scale != "logits":
        try:
            sides = _filled(source, scored, split, probabilities=True)
        except OutsideError:
            if reading.scale == "probabilities":
                what = "a score below 0 or above 1 is no probability; give --scale logits"
                raise AblateError(f"{source.part.file}: {what}") from None
        else:
            close_ends(sides)
            if reading.scale is None:
                notes.append("all scores lie within 0 and 1 and are read as probabilities (else: --scale logits)")
            return *sides, "probabilities"
    return *_filled(source, scored, split, probabilities=False), "logits"


def _filled(
    source: Source, scored: Scored, split: NDArray[np.int8], probabilities: bool
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """One pass over the blocks; rows of train are skipped."""
    width = len(scored.names)
    places = [np.cumsum(split == which) - 1 for which in (VALIDATION, TEST)]
    sides = [np.empty((int(place[-1]) + 1, width), np.float32) for place in places]
    start = 0
    for block in source.blocks(scored.columns):
        if block.shape[1] != width:
            what = f"lists of {block.shape[1]} scores, but {width} label names"
            raise AblateError(f"{source.part.file}: {what}; give one name per score, in their order")
        for which, place, side in zip((VALIDATION, TEST), places, sides, strict=True):
            rows = np.flatnonzero(split[start : start + len(block)] == which)
            if len(rows):
                refuse_bad(block, source.part, start, scored.names, rows)
                side[place[start + rows]] = logits_of(block[rows], probabilities)
        start += len(block)
    return sides[0], sides[1]
