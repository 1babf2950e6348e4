"""What a report is made of: a study folder, read once, arm by arm in the order of the board."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from ablate.results.board import BASELINE, Board
from ablate.results.confirmed import confirmed
from ablate.results.folder import Read
from ablate.results.record import Body
from ablate.results.rows import CONTROLS, Row


@dataclass(frozen=True, eq=False)
class Arm:
    """One row of the board with the records behind it."""

    row: Row
    tuned: Sequence[Body]
    runs: Sequence[Body]

    @property
    def name(self) -> str:
        """The name of the strategy."""
        return str(self.row["strategy"])

    @property
    def control(self) -> bool:
        """Whether the row is no strategy but a yardstick."""
        return self.row["kind"] in CONTROLS

    @property
    def curves(self) -> list[Body]:
        """Runs with a learning curve of two points or more."""
        return [b for b in self.runs if len((b.get("curve") or {}).get("steps") or []) > 1]

    @property
    def factors(self) -> frozenset[str]:
        """The factors of the strategy that are not at their neutral level, from what names its records."""
        strategy: dict[str, Any] = (self.runs or self.tuned)[0]["identity"]["strategy"]
        parts = ((factor, part) for factor, part in strategy.items() if isinstance(part, dict))
        return frozenset(f for f, part in parts if not str(part.get("class", NEUTRAL)).startswith(NEUTRAL))


NEUTRAL = "ablate.factors:"


@dataclass(frozen=True, eq=False)
class Material:
    """A study folder as figures and tables want it."""

    found: Read

    @property
    def board(self) -> Board:
        """The leaderboard."""
        return self.found.board

    @cached_property
    def arms(self) -> list[Arm]:
        """All rows in the order of the board."""
        by_name: dict[str, list[Body]] = {}
        for body in self.found.bodies:
            by_name.setdefault(body["arm"], []).append(body)
        return [self._arm(row, by_name[row["strategy"]]) for row in self.board["rows"]]

    def _arm(self, row: Row, bodies: list[Body]) -> Arm:
        tuned = [b for b in bodies if b["identity"]["phase"] == "tune"]
        return Arm(row, tuned, confirmed(bodies)[0])

    @cached_property
    def baseline(self) -> Arm | None:
        """The arm that all others are compared with."""
        return next((arm for arm in self.arms if arm.name == BASELINE), None)

    @cached_property
    def scored(self) -> list[Arm]:
        """Arms with a finished run."""
        return [arm for arm in self.arms if arm.row["macro_recall_at_budget"]]

    @cached_property
    def leader(self) -> Arm | None:
        """The first of the ranking; None where nothing is ranked."""
        return next((arm for arm in self.arms if arm.row["rank"] == 1), None)

    def tags(self, arm: Arm) -> list[str]:
        """What tells an arm from the baseline: the factors it sets, its part of the board, or that it is a control."""
        shared = self.baseline.factors if self.baseline else frozenset()
        named = [str(arm.row["part"])] if arm.row["part"] else []
        return sorted(arm.factors - shared) + named + ([str(arm.row["kind"])] if arm.control else [])

    @property
    def baseline_name(self) -> str:
        """The name of the baseline, whether or not it is on the board."""
        return BASELINE
