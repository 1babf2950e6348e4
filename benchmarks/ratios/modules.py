"""The modules that measure, and running one of them in a process of its own."""

from __future__ import annotations

import json
import os
import pkgutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from benchmarks.ratios.machine import ROOT

#: Set to 1: tiny sizes, to see that everything runs; what is measured then means nothing.
QUICK = "ABLATE_BENCH_QUICK"


@dataclass(frozen=True)
class Found:
    """A module that measures: its ``keys`` with their goals, or why it cannot be imported."""

    name: str
    keys: dict[str, float]
    problem: str = ""


def quick() -> bool:
    """Whether sizes are to be tiny."""
    return os.environ.get(QUICK) == "1"


def modules(package: str = "benchmarks.ratios") -> list[Found]:
    """Every module of the package that declares ``KEYS``, by name; one that cannot be imported is told too."""
    places = import_module(package).__path__
    names = [f"{package}.{info.name}" for info in pkgutil.iter_modules(places) if not info.name.startswith("_")]
    return [found for name in sorted(names) if (found := _look(name)) is not None]


def chosen(found: Iterable[Found], only: Iterable[str]) -> list[Found]:
    """Those that measure one of the keys; all where none is named.

    Raises:
        ValueError: a key that no module measures.
    """
    found, wanted = list(found), set(only)
    known = {key for one in found for key in one.keys}
    if unknown := sorted(wanted - known):
        broken = "".join(f"; {one.name} cannot be imported: {one.problem}" for one in found if one.problem)
        raise ValueError(f"no ratio '{unknown[0]}'; there are {', '.join(sorted(known))}{broken}")
    return [one for one in found if not wanted or wanted & set(one.keys)]


def run(name: str) -> dict[str, Any]:
    """What a module measures, from a fresh process: neither memory nor threads carry over.

    Raises:
        RuntimeError: the process failed; the message is the last line that it wrote.
    """
    with tempfile.TemporaryDirectory() as folder:
        answer = Path(folder) / "answer.json"
        command = [sys.executable, "-W", "ignore", "-m", "benchmarks.ratios.child", name, str(answer)]
        path = os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
        done = subprocess.run(command, env={**os.environ, **QUIET, "PYTHONPATH": path}, capture_output=True, text=True)
        if done.returncode or not answer.exists():
            lines = done.stderr.strip().splitlines() or [f"it ended with {done.returncode} and no word"]
            raise RuntimeError(lines[-1])
        found: dict[str, Any] = json.loads(answer.read_text())
        return found


QUIET = {
    "TRANSFORMERS_VERBOSITY": "error",
    "HF_HUB_DISABLE_PROGRESS_BARS": "1",
    "HF_HUB_OFFLINE": "1",
    "HF_DATASETS_DISABLE_PROGRESS_BARS": "1",
    "TOKENIZERS_PARALLELISM": "false",
}


def _look(name: str) -> Found | None:
    try:
        keys = getattr(import_module(name), "KEYS", None)
    except Exception as error:  # whatever a module raises, the others still count
        return Found(name, {}, f"{type(error).__name__}: {error}")
    return None if keys is None else Found(name, dict(keys))
