"""What is broken: a strategy of hypothesis for each kind of input, and what is called with it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from fuzz.data import data_file, data_files
from fuzz.plans import setting, settings, study_file, study_files
from fuzz.records import wounded, wounds


@dataclass(frozen=True)
class Kind:
    """``made`` gives one case; ``call`` writes it under a folder and does with it what a user would.

    ``share`` is the part of all cases that is of this kind.
    """

    name: str
    share: float
    made: st.SearchStrategy[Any]
    call: Callable[[Path, Any], None]


def kinds(source: Path, strategies: Sequence[str]) -> tuple[Kind, ...]:
    """All kinds; ``source`` is a study folder whose records of ``strategies`` are wounded."""
    return (
        Kind("study files", 0.35, study_files, study_file),
        Kind("--set overrides", 0.25, settings, setting),
        Kind("data files", 0.25, data_files, data_file),
        Kind("records", 0.15, wounds, wounded(source, strategies)),
    )
