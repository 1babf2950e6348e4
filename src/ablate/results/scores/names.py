"""Which labels are scored, and by which column."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ablate.data.cells import plain
from ablate.data.splits import listed
from ablate.data.tables import shorten
from ablate.errors import AblateError, near
from ablate.results.scores.blocks import LIST
from ablate.results.scores.sources import Source

ROW_NUMBERS = ("", "Unnamed: 0", "__index_level_0__", "index", "id")
"""Columns that writers add: no label, unless a document carries it."""


@dataclass(frozen=True)
class Scored:
    """Labels in the order of their scores, and the columns that hold these; ``skipped`` columns are not read."""

    names: tuple[str, ...]
    columns: tuple[str, ...]
    skipped: tuple[str, ...] = ()


def read_names(path: Path) -> tuple[str, ...]:
    """Label names from a text file, one a line, or a JSON list; raises :class:`AblateError`."""
    try:
        text = path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "not UTF-8"
        raise AblateError(f"--label-names {path}: cannot be read ({reason}); give one name a line") from None
    if text.lstrip().startswith("["):
        try:
            found = [str(name) for name in json.loads(text)]
        except ValueError as error:
            raise AblateError(f"--label-names {path}: not a JSON list ({error}); or give one name a line") from None
    else:
        found = [line for line in text.splitlines() if line.strip()]
    return checked_names(found, f"--label-names {path}")


def checked_names(names: Sequence[str], place: str) -> tuple[str, ...]:
    """Names without needless spaces; raises :class:`AblateError` where there is none or one comes twice."""
    plain_names = tuple(plain(name) for name in names)
    if not plain_names:
        raise AblateError(f"{place}: no label named; give one name a line, in the order of the scores")
    twice = sorted({name for name in plain_names if plain_names.count(name) > 1}) if _repeats(plain_names) else []
    if twice:
        raise AblateError(f"{place}: label {shorten(twice[0])} comes twice; name each once")
    return plain_names


def _repeats(names: Sequence[str]) -> bool:
    return len(set(names)) < len(names)


def scored_labels(
    source: Source,
    used: Collection[str],
    carried: Collection[str],
    given: Sequence[str] | None,
    counted: Mapping[str, int] | None,
) -> Scored:
    """The scored labels of a source.

    Named by ``given``, else by the training counts ``counted``, else by every column of numbers. ``used`` columns mean
    something else; ``carried`` labels occur on documents. Raises :class:`AblateError`.
    """
    if source.listed:
        if given is None:
            raise AblateError(f"{source.part.file}: 'scores' holds lists; name their labels with --label-names FILE")
        return Scored(tuple(given), (LIST,))
    free = {plain(name): name for name in source.part.columns if name not in used}
    if given is not None:
        return Scored(tuple(given), tuple(_column(name, free, source) for name in given))

    def wanted(name: str, column: str) -> bool:
        return name in counted if counted is not None else _may_be_a_label(name, column, source, carried)

    chosen = {name: column for name, column in free.items() if wanted(name, column)}
    if not chosen:
        why = " that the training counts name" if counted is not None else ""
        raise AblateError(
            f"{source.part.file}: no score column{why}; give one column of numbers per label, named like the label, "
            "or a column 'scores' of lists with --label-names FILE"
        )
    skipped = tuple(column for name, column in free.items() if name not in chosen)
    return Scored(checked_names(list(chosen), source.part.file), tuple(chosen.values()), skipped)


def _may_be_a_label(name: str, column: str, source: Source, carried: Collection[str]) -> bool:
    return name in carried or (column in source.numeric and column not in ROW_NUMBERS)


def _column(name: str, free: Mapping[str, str], source: Source) -> str:
    if name not in free:
        hint = near(name, list(free))
        raise AblateError(f"{source.part.file}: no score column for label {shorten(name)}{hint}; add it or its name")
    return free[name]


def refuse_unscored(carried: Collection[str], names: Sequence[str], file: str) -> None:
    """Raise :class:`AblateError` where documents carry labels that have no scores."""
    missing = sorted(set(carried) - set(names))
    if missing:
        hint = near(missing[0], list(names)) if len(missing) < 20 else ""
        what = f"{len(missing):,} labels of documents have no scores: {listed([shorten(n) for n in missing], 5)}{hint}"
        raise AblateError(f"{file}: {what}; add their scores, or leave them out with --drop-unscored")
