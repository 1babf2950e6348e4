"""What a study file may name of the disk: a file can come from anywhere, so what it names stays in its own folder."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ablate.errors import AblateError

#: Keys whose paths are run or written to, by the option that names the same on the command line. Data are only read.
KEYS = ("plugin", "out", "cache")


def within(values: Mapping[str, Any], file: Path) -> dict[str, Any]:
    """The values of a study file with such paths resolved beside it; what is no text is left to the plan to refuse.

    Raises:
        AblateError: a path leads out of the folder of the file, also by a link; a plugin is not there.
    """
    found = dict(values)
    for key in KEYS:
        value = values.get(key)
        if isinstance(value, str):
            found[key] = _beside(value, key, file)
        elif isinstance(value, list):
            found[key] = [_beside(one, key, file) if isinstance(one, str) else one for one in value]
    return found


def folder_of(name: str) -> Path:
    """The output folder of a study where none is given: that of its name in ``results/``.

    Raises:
        AblateError: the name leads out of it.
    """
    if not name or _climbs(name):
        raise AblateError(f"name '{name}' leads out of results/; give one without '..' and '/' at its start, or --out")
    return Path("results") / name


def of_data(name: str) -> str:
    """A data set's name as a part of a folder's: a spec that lies elsewhere is known by its file alone."""
    return Path(name).name if _climbs(name) else name


def _climbs(name: str) -> bool:
    return Path(name).is_absolute() or ".." in Path(name).parts


def _beside(named: str, key: str, file: Path) -> str:
    target, folder = file.parent / named, file.parent.resolve()
    if _climbs(named) or named.startswith("~") or not target.resolve().is_relative_to(folder):
        raise AblateError(
            f"'{file}': {key} '{named}' lies outside of its folder; give it on the command line: --{key} {named}"
        )
    if key == "plugin" and not target.is_file():
        raise AblateError(f"'{file}': plugin '{named}' is not beside it; give --plugin with the path of that file")
    return str(target)
