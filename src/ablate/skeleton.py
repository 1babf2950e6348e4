"""``ablate new-strategy``: a package with one strategy that works, to be changed into another."""

from __future__ import annotations

import keyword
import os
import re
import shlex
import shutil
import sys
from importlib.util import find_spec
from pathlib import Path
from string import Template

from ablate.catalog import CEILINGS, CONTROLS
from ablate.errors import AblateError
from ablate.plugins import registry

PROJECT = Template("""\
[build-system]
requires = ["setuptools>=77"]
build-backend = "setuptools.build_meta"

[project]
name = "$name"
version = "0.1.0"
description = "A strategy for ablate."
readme = "README.md"
requires-python = ">=3.11"
dependencies = ["ablate"]

[project.entry-points."ablate.strategies"]
$name = "$module:STRATEGIES"

[tool.setuptools]
py-modules = ["$module"]

[tool.pytest.ini_options]
pythonpath = ["."]
""")

MODULE = Template('''\
"""$name: positives weigh by a power of how rare they are."""

from dataclasses import dataclass
from typing import Annotated

from ablate.api import LabelStats, Real, Strategy, Tensor, Weighting


@dataclass(frozen=True)
class $kind(Weighting):
    """Weight positives by (negatives / positives) ** power; power 0 is the baseline."""

    source = "King and Zeng 2001"
    baseline_at = {"power": 0.0}

    power: Annotated[float, Real(0.1, 1.0)] = 0.5

    def weights(self, targets: Tensor, stats: LabelStats) -> Tensor:
        """1 where the label is absent, the label's weight where it is present, [B, L]."""
        # at least 1 / documents: a label on every document would weigh nothing
        ratio = (stats.negatives / stats.positives).clamp(min=1 / stats.documents)  # [L]
        return 1 + targets * (ratio**self.power - 1)  # [B, L]


STRATEGIES = (Strategy("$name", weighting=$kind()),)
''')

TEST = Template("""\
import pytest
from ablate.testing import failures

from $module import STRATEGIES


@pytest.mark.parametrize("strategy", STRATEGIES, ids=lambda strategy: strategy.name)
def test_conformance(strategy):
    assert failures(strategy) == []
""")

README = Template("""\
# $name

A strategy for `ablate`, in `$module.py`: positives weigh by a power of how rare they are.

    python -m ablate check .                                              # what it has to do, and whether it does
    python -m pytest                                                      # the same as a test
    python -m ablate study --plugin $module.py --strategies $name         # a row on a board
    python -m pip install --no-build-isolation --no-deps .                # from then on without --plugin
""")


def write(name: str, out: Path | None) -> None:
    """Write the package of a new strategy to ``out`` (default: a folder of its name), and say how to go on.

    Raises:
        AblateError: the name cannot be used, or the folder is there already.
    """
    module = _module(name)
    folder = Path(name) if out is None else out
    if folder.exists() or folder.is_symlink():
        raise AblateError(f"'{folder}' is there already; give another --out, or remove it")
    words = {"name": name, "module": module, "kind": _kind(name)}
    files = {
        "pyproject.toml": PROJECT,
        f"{module}.py": MODULE,
        f"test_{module}.py": TEST,
        "README.md": README,
    }
    _write(folder, {file: template.substitute(words) for file, template in files.items()})
    file, place = shlex.quote(str(folder / f"{module}.py")), shlex.quote(str(folder))
    print(f"written to {folder}: {', '.join(files)}")
    print(f"check it:   python -m ablate check {place}")
    print(f"test it:    python -m pytest {place}")
    print(f"study it:   python -m ablate study --plugin {file} --strategies {name}")
    if os.sep not in place:
        place = f"./{place}"  # else pip would look for a project of that name
    print(f"install it: python -m pip install --no-build-isolation --no-deps {place}")


def _module(name: str) -> str:
    """The name of the module, where the strategy can have that name."""
    if not re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", name):
        raise AblateError(f"'{name}' cannot name a strategy; give small letters and digits, parted by '-'")
    found = registry()
    if name in (*found.strategies, *CONTROLS, *CEILINGS):
        raise AblateError(f"a strategy '{name}' exists already; give another name")
    module = name.replace("-", "_")
    if keyword.iskeyword(module) or module in sys.stdlib_module_names or find_spec(module) is not None:
        raise AblateError(f"'{name}' would need a module '{module}', and Python has one already; give another name")
    return module


def _kind(name: str) -> str:
    """The name of the class: power-weight gives PowerWeight."""
    words = "".join(part.capitalize() for part in name.split("-"))
    return words if words.endswith("Weight") else f"{words}Weight"


def _write(folder: Path, files: dict[str, str]) -> None:
    """All files, or none: the folder gets its name when it is complete."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    half = folder.parent / f".{folder.name}.{os.getpid()}.tmp"
    try:
        half.mkdir()
        for file, text in files.items():
            (half / file).write_text(text, "utf-8")
        half.rename(folder)
    finally:
        shutil.rmtree(half, ignore_errors=True)
