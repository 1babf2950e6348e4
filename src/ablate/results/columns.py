"""What stands in which column of a board, as text. Recall is in points (per cent of a label's true cases)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ablate.results.rows import Row

NONE = "-"
SHORT_NAME = 15  # characters of a strategy's name that no column is worth


@dataclass(frozen=True)
class Column:
    """A heading of two lines and what a row shows under it; when it is narrow, a high ``spare`` goes first.

    An ``optional`` column is left out of boards on which no row has anything to show under it.
    """

    heading: tuple[str, str]
    show: Callable[[Row], str]
    spare: int = 0
    left: bool = False
    optional: bool = False

    @property
    def title(self) -> str:
        """The heading on one line."""
        return " ".join(part for part in self.heading if part)


def points(value: float | None, sign: bool = False) -> str:
    """A share in points, one decimal."""
    if value is None:
        return NONE
    text = f"{100 * value:+.1f}" if sign else f"{100 * value:.1f}"
    return text.replace("-0.0", "0.0").replace("+0.0", "0.0")


def with_interval(found: Mapping[str, float] | None, sign: bool = False) -> str:
    """Mean and interval in points, as ``45.1 [44.0 46.2]``."""
    if found is None:
        return NONE
    return f"{points(found['mean'], sign)} [{points(found['low'], sign)} {points(found['high'], sign)}]"


def amount(value: float | None) -> str:
    """About three digits."""
    if value is None:
        return NONE
    return f"{value:.0f}" if value >= 99.95 else f"{value:.1f}"


def duration(seconds: float | None) -> str:
    """Seconds, minutes or hours in at most five characters."""
    if seconds is None:
        return NONE
    for limit, unit, name in ((99.5, 1, "s"), (99.5 * 60, 60, "m"), (99.5 * 3600, 3600, "h")):
        if seconds < limit:
            return f"{seconds / unit:.0f}{name}" if seconds / unit >= 9.95 else f"{seconds / unit:.1f}{name}"
    return f"{seconds / 86400:.0f}d"


def rank(row: Row) -> str:
    """The rank with its marks: * better than the baseline, = not to be told from the leader."""
    marks = ("*" if row["better"] else "") + ("=" if row["tied_with_leader"] else "")
    return f"{row['rank']}{marks}" if row["rank"] else ""


def ranks(row: Row) -> str:
    """The ranks that the row may have."""
    found = row["rank_interval"]
    if found is None:
        return NONE
    return f"{found['low']}" if found["low"] == found["high"] else f"{found['low']}-{found['high']}"


def _dip(row: Row) -> str:
    dip = row["stability"]["worst_dip"]
    return NONE if dip is None else f"{min(dip, 9.99):.0%}"


def _share(value: float | None) -> str:
    return NONE if value is None else f"{value:.0%}"


def _three(found: Mapping[str, Any] | None) -> str:
    if not found:
        return NONE
    macro, micro, alarms = (found.get(k) for k in ("macro_recall", "micro_recall", "alarms_per_document"))
    shares = (NONE if v is None else amount(100 * v) for v in (macro, micro))
    return "/".join((*shares, amount(alarms)))


def _bucket(name: str) -> Callable[[Row], str]:
    return lambda row: points(((row["buckets"] or {}).get(name) or {}).get("macro_recall"))


def _multiple(name: str) -> Callable[[Row], str]:
    def show(row: Row) -> str:
        found = (row["at_multiples"] or {}).get(name) or {}
        return f"{points(found.get('macro_recall'))}/{points(found.get('micro_recall'))}"

    return show


def _best_of(k: int) -> Callable[[Row], str]:
    """The expected best score on validation of k of the shared quasi-random design."""

    def show(row: Row) -> str:
        found = row["expected_best"] or []
        return points(found[k - 1]) if k <= len(found) else NONE

    return show


def _at_defaults(row: Row, name: str, sign: bool = False) -> str:
    return points(((row.get("at_defaults") or {}).get(name) or {}).get("mean"), sign)


def _steps(row: Row) -> str:
    found = row["steps_to_95"]
    if found is None:
        return NONE
    return "never" if found["median"] is None else f"{found['median']:.0f}"


def settled_share(row: Row) -> str:
    """The share of runs that settled, as its interval."""
    low, high = (row["stability"].get(f"settled_{end}") for end in ("low", "high"))
    return NONE if low is None or high is None else f"{100 * low:.0f}-{high:.0%}"


def verdicts(row: Row) -> str:
    """How many runs got which verdict, as ``4 settled, 1 unfinished``."""
    counted = row["stability"]["verdicts"] or {}
    return ", ".join(f"{n} {name}" for name, n in counted.items()) or NONE


def ratio(value: float | None) -> str:
    """A ratio, two decimals."""
    return NONE if value is None else f"{value:.2f}"


def _stability(*names: str) -> Callable[[Row], str]:
    return lambda row: "/".join(ratio(row["stability"].get(name)) for name in names)


NARROW = (
    Column(("", "#"), rank, left=True),
    Column(("", "strategy"), lambda row: row["strategy"], left=True),
    Column(("macro recall", "[95 %]"), lambda row: with_interval(row["macro_recall_at_budget"])),
    Column(("micro", ""), lambda row: points((row["micro_recall_at_budget"] or {}).get("mean")), spare=1),
    Column(("delta to baseline", "[95 %]"), lambda row: with_interval(row["delta_macro"], sign=True), spare=2),
    Column(("macro at", "defaults"), lambda row: _at_defaults(row, "macro_recall_at_budget"), spare=7, optional=True),
    Column(("tuning", "gain"), lambda row: _at_defaults(row, "tuning_gain", sign=True), spare=7, optional=True),
    Column(("ranks", "95 %"), ranks, spare=6, optional=True),
    Column(("drawn", "macro"), lambda row: points((row.get("drawn_macro") or {}).get("mean")), spare=2, optional=True),
    Column(("of the", "ceiling"), lambda row: _share((row.get("recovered") or {}).get("all")), spare=3, optional=True),
    Column(("set-", "tled"), lambda row: row["stability"]["settled"] or NONE, spare=4),
    Column(("worst", "dip"), _dip, spare=6),
    Column(("seed", "sd"), lambda row: points(row["stability"]["seed_sd"]), spare=7),
    Column(("at 0.5: macro", "/micro/alarms"), lambda row: _three(row["at_half"]), spare=3),
    Column(("time", ""), lambda row: duration(row["measured"]["seconds"]), spare=5),
)
"""The columns of a terminal of 100 characters."""

WIDE = (
    *NARROW,
    Column(("micro delta", "[95 %]"), lambda row: with_interval(row["delta_micro"], sign=True), spare=8),
    Column(("prec-", "ision"), lambda row: points(row["precision_at_budget"]), spare=9),
    Column(("deployed: macro", "/micro/alarms"), lambda row: _three(row["as_deployed"]), spare=10),
    Column(("half", "budget"), _multiple("0.5"), spare=18),
    Column(("twice", ""), _multiple("2"), spare=19),
    Column(("five", "times"), _multiple("5"), spare=20),
    Column(("macro", "F1"), lambda row: points(row["macro_f1"]), spare=12),
    Column(("micro", "F1"), lambda row: points(row["micro_f1"]), spare=13),
    Column(("macro", "AP"), lambda row: points(row["macro_ap"]), spare=11),
    Column(("rare", "<10"), _bucket("rare"), spare=14),
    Column(("few", "10-99"), _bucket("few"), spare=14),
    Column(("medium", "100+"), _bucket("medium"), spare=14),
    Column(("head", "10000+"), _bucket("head"), spare=14),
    Column(("dead", "labels"), lambda row: points(row["dead_labels"]), spare=15),
    Column(("detect-", "able"), lambda row: points(row["smallest_detectable_difference"]), spare=16),
    Column(("steps", "to 95"), _steps, spare=17),
    Column(("settled", "[95 %]"), settled_share, spare=23),
    Column(("", "verdicts"), verdicts, spare=24),
    Column(("backtracking:", "metric/loss"), _stability("backtracking", "loss_backtracking"), spare=25),
    Column(("loss cv: seen", "/predicted"), _stability("loss_cv", "predicted_loss_cv"), spare=26),
    Column(("", "runs"), lambda row: str(row["runs"]), spare=21),
    Column(("", "trials"), lambda row: str(row["trials"]), spare=22),
    Column(("tuning", "time"), lambda row: duration(row["measured"]["tuning_seconds"]), spare=23),
    Column(("best of 1,", "8 draws"), lambda row: f"{_best_of(1)(row)}/{_best_of(8)(row)}", spare=24),
    Column(("draws", "pruned"), lambda row: str(row["draws_pruned"]) if row["expected_best"] else NONE, spare=25),
)
"""All columns of ``--wide``."""


def present(columns: Sequence[Column], rows: Sequence[Row]) -> tuple[Column, ...]:
    """The columns without the optional ones under which no row shows anything."""
    return tuple(c for c in columns if not c.optional or any(c.show(row) != NONE for row in rows))


def widths(columns: tuple[Column, ...], rows: Sequence[Row]) -> dict[Column, int]:
    """Characters that each column needs."""
    return {c: max(len(t) for t in (*c.heading, *(c.show(row) for row in rows))) for c in columns}


def fitting(sizes: Mapping[Column, int], limit: int) -> dict[Column, int]:
    """The columns that stand side by side within ``limit`` characters, with their widths.

    Names are cut to :data:`SHORT_NAME` first; then what can best be spared goes; then names are cut further.
    """
    kept = dict(sizes)
    name = next(c for c in kept if c.title == "strategy")
    while any(c.spare for c in kept) and _over(kept, limit) > max(0, kept[name] - SHORT_NAME):
        del kept[max(kept, key=lambda c: c.spare)]
    kept[name] -= min(max(0, _over(kept, limit)), max(0, kept[name] - 8))
    return kept


def _over(sizes: Mapping[Column, int], limit: int) -> int:
    return sum(size + 1 for size in sizes.values()) - 1 - limit
