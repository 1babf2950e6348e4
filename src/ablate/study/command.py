"""``ablate study`` at a terminal."""

from __future__ import annotations

import tomllib
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console

from ablate.errors import AblateError
from ablate.study import planfile
from ablate.study.beside import within
from ablate.study.display import display
from ablate.study.launched import launched
from ablate.study.plan import Plan, make
from ablate.study.resolve import FILE
from ablate.study.view import Lines

if TYPE_CHECKING:
    from ablate.train.ranks import Ranks

LISTS = ("strategies", "parts", "label_columns")


def run(file: Path | None, given: Mapping[str, Any], settings: Sequence[str]) -> None:
    """Run a study from a study file, options and ``--set``; print its progress, its board and what it advises.

    Of several processes that were started together the first does so, and the others have a part in each of its runs.
    """
    if not launched():
        _run(plan_of(file, given, settings), None)
        return
    from ablate.study import spread

    with spread.processes() as ranks:
        if ranks.leads:
            _run(spread.placed(plan_of(file, given, settings), ranks), ranks)
        else:
            spread.follow(ranks)


def _run(plan: Plan, ranks: Ranks | None) -> None:
    console = Console()
    from ablate.results.recommendation_show import print_advice
    from ablate.results.show import print_board
    from ablate.study.conduct import complete, dry_run

    if plan.dry_run:
        for line in dry_run(plan, Lines(console)):
            console.print(line, markup=False, highlight=False, soft_wrap=True)
        return
    with display(console, plan.quiet) as view:
        found = complete(plan, view, ranks)
    print_board(found.board, console)
    print_advice(found, console)


def plan_of(
    file: Path | None, given: Mapping[str, Any], settings: Sequence[str], where: str = "the command line"
) -> Plan:
    """Study file, then options, then ``--set``: the later wins.

    Raises:
        AblateError: see :func:`ablate.study.plan.make`; a ``--set`` without ``=``.
    """
    told = {*given, *(setting.partition("=")[0].strip() for setting in settings)}
    values = _of_file(file, told) if file is not None else {}
    if file is not None and file.name == FILE and "data_sha256" in values and "out" not in values:
        values["out"] = str(file.parent)
    for key, value in given.items():
        values[key] = _split(value) if key in LISTS and isinstance(value, str) else value
    fixed: dict[str, Any] = {}
    for setting in settings:
        key, separator, text = setting.partition("=")
        if not separator or not key:
            raise AblateError(f"--set {setting}: give KEY=VALUE, such as --set optimizer.scale=2")
        key, value = key.strip(), _literal(text.strip())
        if key in Plan.model_fields:
            values[key] = _split(str(value)) if key in LISTS else value
        else:
            fixed[key] = value
    table = values.get("set", {})
    if fixed and isinstance(table, Mapping):
        values["set"] = {**table, **fixed}
    return make(values, str(file) if file is not None else where)


def _of_file(file: Path, told: Collection[str]) -> dict[str, Any]:
    """The values of a study file but for those that the command line replaces."""
    return within({key: value for key, value in planfile.read(file).items() if key not in told}, file)


def _split(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def _literal(text: str) -> Any:
    """A value as TOML reads it, else the text itself."""
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text
