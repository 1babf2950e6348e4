"""``ablate status`` at a terminal."""

from __future__ import annotations

import json
from pathlib import Path

from rich.console import Console

from ablate.errors import AblateError
from ablate.study.status import Status, of_folder

FORMATS = ("table", "json")


def show(where: str, study: str | None, format: str) -> None:
    """Print how far the study of a folder or a database is."""
    if format not in FORMATS:
        raise AblateError(f"--format {format}: give {' or '.join(FORMATS)}")
    found = _found(where, study)
    if format == "json":
        print(json.dumps(found.json(), indent=2))
        return
    console = Console()
    for line in found.lines():
        console.print(line, markup=False, highlight=False, soft_wrap=True)


def _found(where: str, study: str | None) -> Status:
    if "://" not in where:
        return of_folder(Path(where))
    from ablate.study.cluster.status import of_database

    return of_database(where, study)
