"""The board as cells: what is shown, and what it is sorted by."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ablate.results.board import group
from ablate.results.columns import amount, duration, points, rank, ranks, ratio, settled_share, verdicts, with_interval
from ablate.results.formats import LINES
from ablate.results.report.material import Arm, Material
from ablate.results.rows import Row


@dataclass(frozen=True)
class Heading:
    """A column; ``more`` is shown on demand, ``falls`` sorts from the highest down first."""

    title: str
    cell: Callable[[Row], tuple[str, float | str | None]]
    more: bool = False
    falls: bool = True
    left: bool = False


@dataclass(frozen=True)
class Cell:
    """Text, and the value that it is sorted by; empty where there is none, which always sorts last."""

    text: str
    value: str


@dataclass(frozen=True)
class Line:
    """One row: its cells, and what filters look at."""

    name: str
    group: str
    tags: list[str]
    better: bool
    cells: list[Cell]


def _share(*path: str, sign: bool = False) -> Callable[[Row], tuple[str, float | None]]:
    """A share in points, found under nested keys."""

    def cell(row: Row) -> tuple[str, float | None]:
        value = _at(row, path)
        return points(value, sign), value

    return cell


def _interval(name: str, sign: bool = False) -> Callable[[Row], tuple[str, float | None]]:
    return lambda row: (with_interval(row[name], sign), _at(row, (name, "mean")))


def _plain(show: Callable[[Any], str], *path: str) -> Callable[[Row], tuple[str, float | None]]:
    def cell(row: Row) -> tuple[str, float | None]:
        value = _at(row, path)
        return show(value), value

    return cell


def _at(row: Any, path: tuple[str, ...]) -> Any:
    for name in path:
        row = row.get(name) if isinstance(row, Mapping) else None
    return row


def _settled(row: Row) -> tuple[str, float | None]:
    text = row["stability"]["settled"]
    if not text:
        return "-", None
    settled, runs = (int(part) for part in text.split("/"))
    return text, settled / runs


def _percent(value: float | None) -> str:
    return "-" if value is None else f"{100 * value:.0f} %"


def _count(value: int | None) -> str:
    return "-" if value is None else str(value)


def _steps(row: Row) -> tuple[str, float | None]:
    found = row["steps_to_95"]
    if found is None:
        return "-", None
    never = found["median"] is None
    return ("never", float("inf")) if never else (f"{found['median']:.0f}", found["median"])


def _tuning_gain(row: Row) -> tuple[str, float | None]:
    found = _at(row, ("at_defaults", "tuning_gain"))
    return with_interval(found, sign=True), _at(found, ("mean",))


HEADINGS = (
    Heading(
        "#",
        lambda row: (rank(row), row["rank"]),
        falls=False,
    ),
    Heading("strategy", lambda row: (row["strategy"], row["strategy"]), falls=False, left=True),
    Heading("macro recall [95\u00a0%]", _interval("macro_recall_at_budget")),
    Heading("micro recall [95\u00a0%]", _interval("micro_recall_at_budget")),
    Heading("macro, against baseline [95\u00a0%]", _interval("delta_macro", sign=True)),
    Heading("micro, against baseline [95\u00a0%]", _interval("delta_micro", sign=True), more=True),
    Heading("ranks [95\u00a0%]", lambda row: (ranks(row), _at(row, ("rank_interval", "low"))), falls=False),
    Heading("settled", _settled),
    Heading("worst dip", _plain(_percent, "stability", "worst_dip"), falls=False),
    Heading("seed sd", _share("stability", "seed_sd"), more=True, falls=False),
    Heading("macro at 0.5", _share("at_half", "macro_recall")),
    Heading("micro at 0.5", _share("at_half", "micro_recall"), more=True),
    Heading("alarms at 0.5", _plain(amount, "at_half", "alarms_per_document"), falls=False),
    Heading("macro deployed", _share("as_deployed", "macro_recall"), more=True),
    Heading("micro deployed", _share("as_deployed", "micro_recall"), more=True),
    Heading("alarms deployed", _plain(amount, "as_deployed", "alarms_per_document"), more=True, falls=False),
    Heading("precision", _share("precision_at_budget"), more=True),
    Heading("macro F1", _share("macro_f1"), more=True),
    Heading("micro F1", _share("micro_f1"), more=True),
    Heading("macro AP", _share("macro_ap"), more=True),
    Heading("rare <10", _share("buckets", "rare", "macro_recall"), more=True),
    Heading("few 10-99", _share("buckets", "few", "macro_recall"), more=True),
    Heading("medium 100+", _share("buckets", "medium", "macro_recall"), more=True),
    Heading("head 10,000+", _share("buckets", "head", "macro_recall"), more=True),
    Heading("labels never found", _share("dead_labels"), more=True, falls=False),
    Heading("against the leader [95\u00a0%]", _interval("delta_to_leader", sign=True), more=True),
    Heading("detectable difference", _share("smallest_detectable_difference"), more=True, falls=False),
    Heading(
        "settled share [95\u00a0%]", lambda row: (settled_share(row), _at(row, ("stability", "settled_low"))), more=True
    ),
    Heading("verdicts", lambda row: (verdicts(row), verdicts(row)), more=True, falls=False),
    Heading("backtracking, metric", _plain(ratio, "stability", "backtracking"), more=True, falls=False),
    Heading("backtracking, loss", _plain(ratio, "stability", "loss_backtracking"), more=True, falls=False),
    Heading("loss noise, seen", _plain(ratio, "stability", "loss_cv"), more=True, falls=False),
    Heading("loss noise, predicted", _plain(ratio, "stability", "predicted_loss_cv"), more=True, falls=False),
    Heading("steps to 95 %", _steps, more=True, falls=False),
    Heading("runs", _plain(_count, "runs"), more=True),
    Heading("macro at its defaults", _share("at_defaults", "macro_recall_at_budget", "mean"), more=True),
    Heading("gain of tuning [95\u00a0%]", _tuning_gain, more=True),
    Heading("trials", _plain(_count, "trials"), more=True),
    Heading("time of tuning", _plain(duration, "measured", "tuning_seconds"), more=True, falls=False),
    Heading("time of a run", _plain(duration, "measured", "seconds"), falls=False),
)


def lines(material: Material) -> list[Line]:
    """All rows in the order of the board."""
    return [_line(material, arm) for arm in material.arms]


def _line(material: Material, arm: Arm) -> Line:
    cells = [Cell(text, _sortable(value)) for text, value in (heading.cell(arm.row) for heading in HEADINGS)]
    return Line(arm.name, group(arm.row), material.tags(arm), bool(arm.row["better"]), cells)


def _sortable(value: float | str | None) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else "1e999" if value == float("inf") else repr(float(value))


def groups(found: list[Line]) -> dict[str, str]:
    """The groups on this board, each with what it means."""
    return {name: LINES[name] or RANKED for name in LINES if any(line.group == name for line in found)}


RANKED = "ranked by macro recall among rows that keep micro recall"
