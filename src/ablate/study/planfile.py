"""Study files: TOML in, TOML out."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ablate.errors import AblateError
from ablate.results.whole import write_whole


def read(path: Path) -> dict[str, Any]:
    """Keys and values of a study file.

    Raises:
        AblateError: there is no such file, or it is not TOML (with line and column).
    """
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError as error:
        raise AblateError(f"study file '{path}' does not exist; give a .toml file") from error
    except IsADirectoryError as error:
        raise AblateError(f"'{path}' is a folder; give its study.toml") from error
    except OSError as error:
        raise AblateError(f"study file '{path}' cannot be read: {error.strerror}; give a .toml file") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise AblateError(f"study file '{path}' is not TOML: {error}") from error


def write(path: Path, values: Mapping[str, Any], comment: str = "") -> None:
    """Write keys and values whole or not at all; None is left out."""
    write_whole(path, dumps(values, comment).encode())


def dumps(values: Mapping[str, Any], comment: str = "") -> str:
    """Keys and values as TOML: scalars and lists first, then tables of scalars."""
    lines = [f"# {line}" for line in comment.splitlines()]
    plain = {key: value for key, value in values.items() if value is not None and not isinstance(value, Mapping)}
    lines += [f"{key} = {_value(value)}" for key, value in plain.items()]
    for key, table in values.items():
        if isinstance(table, Mapping) and table:
            lines += ["", f"[{key}]", *(f"{_value(k)} = {_value(v)}" for k, v in table.items())]
    return "\n".join(lines) + "\n"


def _value(value: Any) -> str:
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_value(item) for item in value) + "]"
    if isinstance(value, float):
        return repr(value)
    # JSON's strings, booleans and integers are TOML's, but for one character that TOML wants escaped
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
