"""Which run of a study is exported: read off its records, without looking at the test split."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ablate.errors import AblateError, near
from ablate.results.confirmed import confirmed, finished
from ablate.results.folder import Read
from ablate.results.record import Body


@dataclass(frozen=True)
class Chosen:
    """The record of a confirming run, the row of its strategy on the board, and why this run."""

    body: Body
    row: dict[str, Any]
    why: str


def choose(found: Read, strategy: str | None, seed: int | None, kept: Callable[[Body], bool]) -> Chosen:
    """A confirming run of a strategy (None: the board's leader) with a seed (None: the best on validation).

    ``kept`` says whether a run's weights are there: where some are, only these runs are looked at.

    Raises:
        AblateError: there is no such strategy or run, or it is no strategy that could be exported.
    """
    rows = {row["strategy"]: row for row in found.board["rows"]}
    name = strategy or (found.board["leader"] or {}).get("strategy")
    if name is None:
        raise AblateError(f"'{found.folder}' has no ranked strategy; name one with --strategy ({', '.join(rows)})")
    if name not in rows:
        raise AblateError(f"'{found.folder}' has no strategy '{name}'{near(name, list(rows))}; give one of its board")
    if rows[name]["kind"] != "strategy":
        raise AblateError(f"'{name}' is a {rows[name]['kind']} of the board, no trained network; export a strategy")
    runs = finished(confirmed([body for body in found.bodies if body["arm"] == name])[0])
    if not runs:
        raise AblateError(f"'{name}' has no finished confirming run in '{found.folder}'; finish the study first")
    if seed is not None:
        return Chosen(_of_seed(runs, name, seed), rows[name], "as asked for")
    with_weights = [body for body in runs if kept(body)]
    best = min(with_weights or runs, key=lambda b: (-b["validation"]["balanced_recall"], b["identity"]["seed"]))
    of = "those with weights" if 0 < len(with_weights) < len(runs) else f"{len(runs)}"
    return Chosen(best, rows[name], f"the best of {of} on validation")


def _of_seed(runs: list[Body], name: str, seed: int) -> Body:
    by_seed = {body["identity"]["seed"]: body for body in runs}
    if seed not in by_seed:
        there = ", ".join(str(number) for number in sorted(by_seed))
        raise AblateError(f"'{name}' has no finished confirming run of seed {seed}; give one of {there}")
    return by_seed[seed]
