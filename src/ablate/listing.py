"""``ablate strategies``: what there is, from the code itself."""

from __future__ import annotations

import inspect
import json
from collections.abc import Iterable
from typing import Any

from rich.console import Console
from rich.table import Table

from ablate.catalog import COMMON, DECISIONS
from ablate.errors import AblateError
from ablate.plugins import registry
from ablate.space import defaults, describe, search_space
from ablate.strategy import FACTORS, Strategy

FORMATS = ("table", "json")


def show(name: str | None, format: str, plugins: list[str]) -> None:
    """Print all strategies, or one in full.

    Raises:
        AblateError: an unknown strategy or format.
    """
    if format not in FORMATS:
        raise AblateError(f"unknown format '{format}'; give table or json")
    found = registry(plugins)
    console = Console()
    for broken in found.broken:
        Console(stderr=True).print(broken, markup=False, highlight=False, soft_wrap=True)
    chosen = [found.get(name)] if name else list(found.strategies.values())
    if format == "json":
        print(json.dumps([entry(strategy) for strategy in chosen], indent=2))
    elif name:
        _describe(chosen[0], console)
    else:
        _list(chosen, console)


def entry(strategy: Strategy) -> dict[str, Any]:
    """A strategy as JSON: name, factors, source, tags, parameters with default and range, neutral values."""
    space, values = search_space(strategy), defaults(strategy)
    changed = strategy.changed
    return {
        "name": strategy.name,
        "factor": ", ".join(changed) or "none",
        "source": "; ".join(dict.fromkeys(part.source for part in changed.values() if part.source)),
        "tags": list(strategy.tags),
        "identity_of": strategy.identity_of,
        "helps": strategy.helps,
        "parameters": [
            {"name": path, "default": values[path], "range": describe(mark)} for path, mark in space.items()
        ],
        "baseline_at": {f"{factor}.{key}": v for factor, part in changed.items() for key, v in part.baseline_at.items()}
        if all(part.baseline_at for part in changed.values())  # else some part of it has no neutral value
        else {},
    }


def _list(strategies: list[Strategy], console: Console) -> None:
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    table.add_column("strategy", no_wrap=True)
    for column in ("changes", "source", "own parameters"):
        table.add_column(column, overflow="fold")
    for factor, of_factor in by_factor(strategies).items():
        table.add_section()
        table.add_row(f"[bold]{factor}[/bold]")
        for strategy in of_factor:
            found = entry(strategy)
            own = [p for p in found["parameters"] if p["name"] not in COMMON]
            parameters = ", ".join(f"{p['name'].rpartition('.')[2]} {_text(p['default'])} ({p['range']})" for p in own)
            table.add_row(strategy.name, found["factor"], found["source"], parameters)
    table.add_row("[bold]decision[/bold]", "(every trained model is read under each)")
    for name, decision in DECISIONS.items():
        table.add_row(name, "decision", decision.source, "")
    console.print(table)
    console.print(f"Every arm also tunes {' and '.join(COMMON)}.", style="dim")


def by_factor(strategies: Iterable[Strategy]) -> dict[str, list[Strategy]]:
    """Strategies under the factor that they change, in the order of the factors; several factors are a combination."""
    found: dict[str, list[Strategy]] = {name: [] for name in ("reference", *FACTORS, "combination")}
    for strategy in strategies:
        changed = list(strategy.changed)
        found["combination" if len(changed) > 1 else (*changed, "reference")[0]].append(strategy)
    return {name: of_factor for name, of_factor in found.items() if of_factor}


def _describe(strategy: Strategy, console: Console) -> None:
    found = entry(strategy)

    def line(name: str, text: str) -> None:
        console.print(f"{name:<12} {text}", markup=False, highlight=False, soft_wrap=True)

    line("strategy", strategy.name)
    line("helps", strategy.helps)
    for factor, part in strategy.changed.items():
        line(factor, " ".join(inspect.getdoc(type(part)).split()))  # type: ignore[union-attr]
    line("source", found["source"] or "none: every factor is neutral")
    for parameter in found["parameters"]:
        line("parameter", f"{parameter['name']} = {_text(parameter['default'])}, range {parameter['range']}")
    if found["baseline_at"]:
        line("baseline at", ", ".join(f"{path} = {_text(value)}" for path, value in found["baseline_at"].items()))
    if strategy.identity_of:
        line("identity", f"{strategy.identity_of}: shown on a board, not ranked")
    if strategy.tags:
        line("tags", ", ".join(strategy.tags))


def _text(value: object) -> str:
    """A parameter's value as a person writes it; choices may be words."""
    return f"{value:g}" if isinstance(value, int | float) else str(value)
