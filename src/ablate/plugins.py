"""Strategies by name: built in, from entry points, from files that the user names."""

from __future__ import annotations

import hashlib
import importlib.util
import re
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from types import ModuleType

from ablate.catalog import CEILINGS, CONTROLS, STRATEGIES
from ablate.errors import AblateError, near
from ablate.space import search_space
from ablate.strategy import Strategy

GROUP = "ablate.strategies"


@dataclass
class Registry:
    """All strategies that can be named.

    ``origins`` holds the plugin of each that is not built in; ``broken`` says which plugins were left out and why.
    """

    strategies: dict[str, Strategy] = field(default_factory=dict)
    broken: list[str] = field(default_factory=list)
    origins: dict[str, str] = field(default_factory=dict)

    def get(self, name: str) -> Strategy:
        """The strategy of a name.

        Raises:
            AblateError: there is none; the message has the near match, and the plugins that were left out.
        """
        if name not in self.strategies:
            known = list(self.strategies)
            left_out = "".join(f"; {broken}" for broken in self.broken)
            raise AblateError(
                f"unknown strategy '{name}'{near(name, known)} "
                f"(see them all with: python -m ablate strategies){left_out}"
            )
        return self.strategies[name]

    def origin(self, strategy: Strategy) -> str:
        """The plugin of a strategy, or of a component of a combination; empty where all of it is built in."""
        for name, origin in self.origins.items():
            plugged = self.strategies[name].changed.values()
            if strategy.name == name or any(part is own for part in strategy.changed.values() for own in plugged):
                return origin
        return ""

    def add(self, strategies: Iterable[object], origin: str) -> None:
        """Take a plugin's strategies in; a name that is taken, or what is not a strategy, breaks its plugin alone."""
        found: dict[str, Strategy] = {}
        for strategy in strategies:
            if not isinstance(strategy, Strategy):
                raise AblateError(f"plugin {origin}: {strategy!r} is not a Strategy; list Strategy values")
            _readable(strategy, origin)
            if strategy.name in (*self.strategies, *found, *CONTROLS, *CEILINGS):
                raise AblateError(f"plugin {origin}: a strategy '{strategy.name}' exists already; give it another name")
            found[strategy.name] = strategy
        self.strategies.update(found)
        self.origins.update(dict.fromkeys(found, origin))


def registry(files: Sequence[str] = ()) -> Registry:
    """Built-in strategies, those of installed plugins, and those of the named files.

    A broken installed plugin is left out and named; a file that the user names must work.

    Raises:
        AblateError: a named file is missing or broken.
    """
    found = built_in()
    for entry in installed():
        try:
            found.add(entry.load(), entry.name)
        except (Exception, SystemExit) as error:
            found.broken.append(f"plugin '{entry.name}' ({entry.value}) is left out: {said(error)}")
    for file in files:
        found.add(_from_file(Path(file)), file)
    return found


def built_in() -> Registry:
    """The strategies of this package alone."""
    return Registry({strategy.name: strategy for strategy in STRATEGIES})


def installed() -> list[EntryPoint]:
    """The entry points of all installed plugins, by name."""
    return sorted(entry_points(group=GROUP), key=lambda entry: entry.name)


def said(error: BaseException) -> str:
    """What was raised, on one line."""
    return (f"{type(error).__name__}: {error}" if str(error) else type(error).__name__).splitlines()[0]


def _readable(strategy: Strategy, origin: str) -> None:
    """A strategy has a name that can be asked for, and fields that can be listed."""
    if not isinstance(strategy.name, str) or not re.fullmatch(r"[^\s,]+", strategy.name):
        raise AblateError(
            f"plugin {origin}: a strategy is named {strategy.name!r}; give text without blanks and commas"
        )
    try:
        search_space(strategy)
    except Exception as error:
        raise AblateError(
            f"plugin {origin}: the fields of '{strategy.name}' cannot be read ({said(error)}); mend their annotations"
        ) from error


def _from_file(path: Path) -> Sequence[object]:
    if not path.is_file():
        raise AblateError(f"plugin file '{path}' does not exist; give a Python file with STRATEGIES = (...)")
    module = _load(path)
    strategies = getattr(module, "STRATEGIES", None)
    if not isinstance(strategies, list | tuple) or not strategies:
        raise AblateError(f"plugin file '{path}' has no STRATEGIES; add STRATEGIES = (Strategy(...),)")
    return strategies


def _load(path: Path) -> ModuleType:
    """Import a file under a name that holds a digest of its text, so that an edit makes other records."""
    source = path.read_bytes()
    digest = hashlib.sha256(source).hexdigest()[:12]
    name = f"ablate_plugin_{path.stem.replace('-', '_')}_{digest}"
    if name in sys.modules:
        return sys.modules[name]
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise AblateError(f"plugin file '{path}' is not a Python file; give one that ends in .py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses look their module up while they are built
    try:
        # not through the loader: it may run bytecode of an earlier text that was saved in the same second
        exec(compile(source, str(path), "exec"), module.__dict__)
    except (Exception, SystemExit) as error:
        del sys.modules[name]
        raise AblateError(f"plugin file '{path}' cannot be imported: {said(error)}") from error
    return module
