"""Write ``docs/reference/`` from the code: ``python docs/make_reference.py`` (``make docs``).

Commands and their options from the command line itself, keys of the study file from the plan, strategies from the
catalogue. A test fails where a page is not what the code says.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin

import typer
from pydantic import SecretStr
from pydantic_core import PydanticUndefined

FOLDER = Path(__file__).parent / "reference"
MADE = "*Written from the code by `make docs`; an edit here is lost.*"


def pages() -> dict[str, str]:
    """Text of each page by its file name."""
    return {"commands.md": _commands(), "study-file.md": _study_file(), "strategies.md": _strategies()}


def _commands() -> str:
    from ablate.cli import app

    group: Any = typer.main.get_command(app)
    names = "\n".join(f"- [`{name}`](#{name}) - {_first_line(one.help)}" for name, one in group.commands.items())
    parts = [part for name, one in group.commands.items() for part in _command(name, one)]
    return "\n\n".join(["# Commands", MADE, "Each is `python -m ablate COMMAND`.", names, *parts]) + "\n"


def _command(name: str, command: Any) -> Iterator[str]:
    arguments = [one for one in command.params if one.param_type_name == "argument"]
    options = [one for one in command.params if one.param_type_name == "option" and one.name != "help"]
    told = " ".join(f"{_name(one)}" if one.required else f"[{_name(one)}]" for one in arguments)
    yield f"## {name}"
    yield inspect.cleandoc(command.help or "")
    yield f"```\npython -m ablate {name} {told}{' [OPTIONS]' if options else ''}\n```".replace("  ", " ")
    if arguments:
        yield _table(("argument", ""), ((f"`{_name(one)}`", one.help or "") for one in arguments))
    if options:
        yield _table(("option", "default", ""), ((_flags(one), _default(one), one.help or "") for one in options))


def _name(argument: Any) -> str:
    return str(argument.name).upper()


def _flags(option: Any) -> str:
    value = "" if option.is_flag else f" {option.type_descriptor.annotation.__name__.upper()}"
    return ", ".join(f"`{flag}{value}`" for flag in (*option.opts, *option.secondary_opts))


def _default(option: Any) -> str:
    if option.required:
        return "required"
    silent = option.default is None or option.default == () or (option.is_flag and not option.default)
    return "" if silent else f"`{option.default}`"


def _study_file() -> str:
    from ablate.study.plan import PLACES, Plan

    rows = [
        (f"`{name}`", _kind(field.annotation), _value(field), str(field.description))
        for name, field in Plan.model_fields.items()
    ]
    return "\n\n".join(
        [
            "# Study file",
            MADE,
            "TOML; every key is an option of `python -m ablate study` too, with dashes for underscores, and an option "
            "wins over the file. A key that is left out is settled when the study starts, printed with its reason, and "
            "written to `study.toml` in the output folder. Keys that say where and how to run, not what, are not "
            f"written there: {', '.join(f'`{name}`' for name in PLACES)}. `[set]` is a table of parameters to fix, "
            "such as `\"weighting.power\" = 0.5`.",
            _table(("key", "kind", "default", ""), rows),
        ]
    ) + "\n"  # fmt: skip


def _kind(annotation: Any) -> str:
    """Such as ``int`` or ``full, head-only or last-layers``; that None is allowed goes without saying."""
    if get_origin(annotation) in (Union, UnionType):
        return " or ".join(_kind(one) for one in get_args(annotation) if one is not type(None))
    if get_origin(annotation) is Literal:
        *first, last = map(str, get_args(annotation))
        return f"{', '.join(first)} or {last}"
    if annotation is SecretStr:
        return "str"
    return annotation.__name__ if isinstance(annotation, type) and not get_args(annotation) else str(annotation)


def _value(field: Any) -> str:
    if field.default is PydanticUndefined or field.default is None:
        return ""
    return f"`{str(field.default).lower() if isinstance(field.default, bool) else field.default}`"


def _strategies() -> str:
    from ablate.catalog import DECISIONS, STRATEGIES
    from ablate.listing import by_factor, entry

    parts = []
    for factor, found in by_factor(STRATEGIES).items():
        parts += [f"## {factor}", *(_strategy(strategy, entry(strategy)) for strategy in found)]
    rules = ((f"`{name}`", _first_line(inspect.getdoc(type(one))), one.source) for name, one in DECISIONS.items())
    told = "Every trained model is read under each of these rules, at no cost."
    return "\n\n".join(
        ["# Strategies", MADE, *parts, "## decision", told, _table(("rule", "", "source"), rules)]
    ) + "\n"  # fmt: skip


def _strategy(strategy: Any, found: dict[str, Any]) -> str:
    does = [" ".join((inspect.getdoc(type(part)) or "").split()) for part in strategy.changed.values()]
    ranges = ", ".join(f"`{one['name']}` {one['default']:g} ({one['range']})" for one in found["parameters"]
                       if not isinstance(one["default"], str))  # fmt: skip
    told = [f"### {strategy.name}", " ".join([*does, strategy.helps]).strip() or "Every factor is neutral."]
    told.append(" ".join(f"{name}: {text}." for name, text in (
        ("Changes", found["factor"]), ("Source", found["source"]), ("Tags", ", ".join(found["tags"])),
        ("Tunes", ranges)) if text))  # fmt: skip
    if found["baseline_at"]:
        neutral = ", ".join(f"`{name}` = {value:g}" for name, value in found["baseline_at"].items())
        told.append(f"It is the baseline at {neutral}.")
    return "\n\n".join(told)


def _first_line(text: str | None) -> str:
    return inspect.cleandoc(text or "").split("\n\n")[0].replace("\n", " ")


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, ("---",) * len(head), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for page, text in pages().items():
        (FOLDER / page).write_text(text, "utf-8")
