"""Splits: those that the source gives, and those that have to be made."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ablate.data.columns import Documents, from_pairs
from ablate.data.dataset import SPLITS
from ablate.data.labels import Labels
from ablate.data.strata import affordable, draw
from ablate.data.units import duplicate_classes, straddling, unit_numbers
from ablate.errors import AblateError

TRAIN, VALIDATION, TEST = range(3)
LEFT_OUT = -1
FEWEST_DOCUMENTS = 10
FEWEST_POSITIVES = 3
MANY_DOCUMENTS = 50_000


@dataclass(frozen=True)
class Assignment:
    """Split of each document, int8 [N], with -1 for those left out, and what a reader should know about it."""

    split: NDArray[np.int8]
    notes: tuple[str, ...]


def assign(documents: Documents, seed: int) -> Assignment:
    """Complete the splits of a source; the same seed makes the same splits.

    A missing test split is drawn first, then a missing validation split, each as 20 % of what is left in train (10 %
    from 50,000 documents on). Copies and groups move together; labels with fewer than 3 positives stay in train.
    Where the source gives the splits, copies that straddle them are kept in test, else in validation, alone.
    Raises :class:`AblateError` where a split cannot be made or has no labelled document.
    """
    duplicates = duplicate_classes(documents.texts)
    units = unit_numbers(duplicates, documents.groups)
    split, notes = _given(documents, duplicates)
    missing = [part for part in (TEST, VALIDATION) if documents.split is None or part not in documents.split]
    for part in missing:
        notes += _carve(split, part, documents, units, np.random.SeedSequence([seed, part]))
    _refuse_unlabelled(split, documents.labels)
    return Assignment(split, tuple(notes))


def _given(documents: Documents, duplicates: NDArray[np.int64]) -> tuple[NDArray[np.int8], list[str]]:
    """The splits that the source gives (all train where it gives none), copies across them left out."""
    if documents.split is None:
        return np.zeros(len(documents.texts), np.int8), []
    split, notes = documents.split.copy(), []
    best = np.full(int(duplicates.max()) + 1, LEFT_OUT, np.int8)
    np.maximum.at(best, duplicates, split)
    for part in (TRAIN, VALIDATION):
        copies = (split == part) & (best[duplicates] > part)
        if copies.any():
            notes.append(f"{copies.sum():,} documents of {SPLITS[part]} left out: copies of evaluation texts")
            split[copies] = LEFT_OUT
    if documents.groups is not None and (count := int(straddling(documents.groups, documents.split).sum())):
        notes.append(f"{count:,} groups straddle the splits that the source gives")
    if not (split == TRAIN).any():
        raise AblateError("the train split is empty; mark documents as train, or leave the split column out")
    return split, notes


def _carve(
    split: NDArray[np.int8], part: int, documents: Documents, units: NDArray[np.int64], seed: np.random.SeedSequence
) -> list[str]:
    """Move a stratified share of train into ``part``, in place, and tell how."""
    pool = np.flatnonzero(split == TRAIN)
    if len(pool) + int((split == TEST).sum()) < FEWEST_DOCUMENTS:
        raise _impossible(part, f"{len(pool)} documents are fewer than {FEWEST_DOCUMENTS}")
    _, unit, sizes = np.unique(units[pool], return_inverse=True, return_counts=True)
    labels = _of_units(documents.labels.take(pool), unit, len(sizes))
    share = 0.1 if len(pool) >= MANY_DOCUMENTS else 0.2
    wanted = share * len(pool)
    rare = (labels.counts() > 0) & (labels.counts() < FEWEST_POSITIVES)
    free = np.flatnonzero(~_carries(labels, rare) & (sizes <= max(1, wanted / 2)))
    if len(free) < 2:
        raise _impossible(part, "every document has a label with fewer than 3 positives or a group too large to move")
    # where the tail holds much of train, its share comes from the others, but never more than half of these
    drawn = free[draw(labels.take(free), min(0.5, wanted / sizes[free].sum()), seed)]
    moved = pool[np.isin(unit, drawn)]
    if not documents.labels.lengths[moved].any():
        raise _impossible(part, "no document with a label can be moved into it")
    split[moved] = part
    way = "iterative stratification" + ("" if affordable(labels.take(free)) else ", label by label")
    notes = [f"{SPLITS[part]}: {len(moved):,} of {len(pool):,} documents of train, by {way}"]
    return notes + _rare_note(documents.names, rare, part)


def _of_units(labels: Labels, unit: NDArray[np.integer], count: int) -> Labels:
    """Labels of each unit: those of any of its documents."""
    return from_pairs(unit.astype(np.int64)[labels.rows], labels.indices.astype(np.int64), count, labels.width)


def _carries(labels: Labels, columns: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Whether a document has any of the marked labels, bool [N]."""
    return np.bincount(labels.rows[columns[labels.indices]], minlength=len(labels)) > 0


def _rare_note(names: tuple[str, ...], rare: NDArray[np.bool_], part: int) -> list[str]:
    found = [names[column] for column in np.flatnonzero(rare)]
    if not found:
        return []
    what = f"fewer than {FEWEST_POSITIVES} positives (copies and groups counted once)"
    return [f"{SPLITS[part]}: labels with {what} stay in train: {listed(found)}"]


def listed(names: list[str], limit: int = 10) -> str:
    """At most ``limit`` names, then how many more there are."""
    more = f" and {len(names) - limit:,} more" if len(names) > limit else ""
    return ", ".join(names[:limit]) + more


def _refuse_unlabelled(split: NDArray[np.int8], labels: Labels) -> None:
    for part, name in enumerate(SPLITS):
        if not labels.lengths[split == part].any():
            raise AblateError(f"the {name} split has no document with a label; label some, or give other splits")


def _impossible(part: int, reason: str) -> AblateError:
    return AblateError(
        f"no {SPLITS[part]} split possible: {reason}; give more documents, or a column 'split' with {SPLITS[part]}"
    )
