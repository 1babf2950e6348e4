"""``ablate check``: the conformance suite over what a user names."""

from __future__ import annotations

import re
import sys
import textwrap
import tomllib
from collections.abc import Iterator
from importlib.metadata import EntryPoint
from pathlib import Path

from rich.console import Console

from ablate.errors import AblateError, near
from ablate.plugins import GROUP, Registry, built_in, installed, registry, said
from ablate.strategy import Strategy
from ablate.testing import Finding, examine

WIDEST = 100


def check(target: str) -> bool:
    """Print what the suite finds of each strategy of the target; gives whether all of them conform.

    Raises:
        AblateError: there is no such strategy, file, package or plugin, or it cannot be imported.
    """
    console = Console()
    width = min(WIDEST, console.width)
    passed = True
    for strategy in targets(target):
        findings = examine(strategy)
        for line in told(strategy.name, findings, width):
            console.print(line, markup=False, highlight=False, soft_wrap=True)
        passed = passed and all(found.passed for found in findings)
    return passed


def told(name: str, findings: list[Finding], width: int) -> Iterator[str]:
    """Lines on one strategy, none wider than the terminal: each check, and what is asked and found where it fails."""
    yield name
    for found in findings:
        yield f"  {'passed' if found.passed else 'FAILED'}  {found.check}"
        if not found.passed:
            reason = found.reason.removeprefix(f"strategy '{name}': ")
            for what, text in (("asked", found.asks), ("found", reason)):
                yield from textwrap.wrap(
                    text, max(width, 30), initial_indent=f"          {what}: ", subsequent_indent=" " * 10
                )
    failed = sum(not found.passed for found in findings)
    yield f"{name}: " + (f"{failed} of {len(findings)} checks failed" if failed else f"all {len(findings)} passed")


def targets(target: str) -> list[Strategy]:
    """The strategies of a plugin file, of a package's folder, of an installed plugin, or the one of that name.

    Raises:
        AblateError: there is no such thing, or it cannot be imported.
    """
    path = Path(target)
    if path.is_dir():
        return _of_folder(path)
    if path.is_file() or target.endswith(".py"):
        return _plugged(registry([target]), target)
    entries = [entry for entry in installed() if target == entry.name or _alike(target, entry)]
    if entries:
        return [strategy for entry in entries for strategy in _of_entry(entry)]
    found = registry()
    if target in found.strategies:
        return [found.get(target)]
    known = [*found.strategies, *(entry.name for entry in installed())]
    raise AblateError(
        f"'{target}' is no strategy, plugin file, package folder or installed plugin{near(target, known)} "
        "(see the strategies with: python -m ablate strategies)"
    )


def _of_folder(folder: Path) -> list[Strategy]:
    """The strategies of a package that need not be installed, as its pyproject.toml names them."""
    file = folder / "pyproject.toml"
    if not file.is_file():
        raise AblateError(f"'{folder}' has no pyproject.toml; give the folder of a package, or a .py file")
    try:
        project = tomllib.loads(file.read_text("utf-8")).get("project", {})
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise AblateError(f"'{file}' is not TOML: {error}") from error
    named = project.get("entry-points", {}).get(GROUP, {})
    if not named:
        raise AblateError(
            f'\'{file}\' names no strategies; add [project.entry-points."{GROUP}"] with NAME = "MODULE:STRATEGIES"'
        )
    places = [str(place.resolve()) for place in (folder / "src", folder) if place.is_dir()]
    sys.path[:0] = places
    try:
        entries = [EntryPoint(name, str(value), GROUP) for name, value in sorted(named.items())]
        return [strategy for entry in entries for strategy in _of_entry(entry)]
    finally:
        for place in places:
            sys.path.remove(place)


def _of_entry(entry: EntryPoint) -> list[Strategy]:
    found = built_in()
    try:
        found.add(entry.load(), entry.name)
    except AblateError:
        raise
    except (Exception, SystemExit) as error:
        raise AblateError(
            f"plugin '{entry.name}' ({entry.value}) cannot be imported: {said(error)}; mend it, or uninstall it"
        ) from error
    return _plugged(found, entry.name)


def _plugged(found: Registry, origin: str) -> list[Strategy]:
    return [found.strategies[name] for name, where in found.origins.items() if where == origin]


def _alike(target: str, entry: EntryPoint) -> bool:
    """Whether a distribution of that name, however it is spelled, brings the entry point."""
    return entry.dist is not None and _normal(entry.dist.name) == _normal(target)


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
