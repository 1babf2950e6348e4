"""What a person sees while a study runs, as plain lines; :mod:`ablate.study.screen` is the live display."""

from __future__ import annotations

import sys
from typing import Any

from rich.console import Console


class View:
    """Told what happens; this one shows nothing of it."""

    def say(self, text: str) -> None:
        """One line for the reader."""

    def warn(self, text: str) -> None:
        """A line that is told even where the board alone is asked for: what was asked for and is left out."""
        self.say(text)

    def total(self, runs: int) -> None:
        """How many runs the study has in all."""

    def encoding(self, done: int, total: int) -> None:
        """Documents encoded so far by a frozen encoder."""

    def begin(self, arm: str, what: str, steps: int) -> None:
        """A run starts; ``what`` is its trial or seed."""

    def step(self, step: int) -> None:
        """A training step is done."""

    def point(self, macro: float, micro: float) -> None:
        """Recall at budget at an evaluation point."""

    def end(self, body: dict[str, Any], fresh: bool) -> None:
        """A run is over, or (not ``fresh``) its record was there already."""

    def expect(self, seconds: float) -> None:
        """How long a run takes, before any was made."""

    def worker(self, number: int) -> View:
        """The view of one of several workers, from 0: where its runs begin, go on and end."""
        return self


class Quiet(View):
    """Says on the error output what is missing on the board, and nothing else."""

    def warn(self, text: str) -> None:
        """Print a line as it is."""
        print(text, file=sys.stderr)


class Clock:
    """Time left, from the runs that were really made, before them from what was expected."""

    def __init__(self) -> None:
        self.runs, self.done, self.workers, self.expected = 0, 0, 1, 0.0
        self._fresh, self._seconds = 0, 0.0

    def count(self, body: dict[str, Any], fresh: bool) -> None:
        """Take one run in."""
        self.done += 1
        if fresh:
            self._fresh += 1
            self._seconds += float(body["measured"]["seconds"])

    def left(self) -> float | None:
        """Seconds left, None while nothing is known of how long a run takes."""
        a_run = self._seconds / self._fresh if self._fresh else self.expected
        return (self.runs - self.done) * a_run / self.workers if self._fresh or self.expected else None


class Lines(View):
    """One plain line per run, without control codes: for logs and pipes."""

    def __init__(self, console: Console) -> None:
        self._console, self._clock = console, Clock()
        self._resumed = 0
        self._lanes: dict[int, _LineLane] = {}

    def say(self, text: str) -> None:
        """Print a line as it is."""
        self._console.print(text, markup=False, highlight=False, soft_wrap=True)

    def total(self, runs: int) -> None:
        """Remember the number of runs."""
        self._clock.runs = runs

    def expect(self, seconds: float) -> None:
        """Remember how long a run takes."""
        self._clock.expected = seconds

    def begin(self, arm: str, what: str, steps: int) -> None:
        """Remember what runs."""
        self.worker(0).begin(arm, what, steps)

    def end(self, body: dict[str, Any], fresh: bool) -> None:
        """Print what a fresh run gave; runs that were there already are counted."""
        self.worker(0).end(body, fresh)

    def worker(self, number: int) -> View:
        """What one worker does."""
        self._clock.workers = max(self._clock.workers, number + 1)
        return self._lanes.setdefault(number, _LineLane(self))

    def ended(self, arm: str, what: str, body: dict[str, Any], fresh: bool) -> None:
        """Take in that a run has ended, whoever made it."""
        self._clock.count(body, fresh)
        if not fresh:
            self._resumed += 1
            return
        if self._resumed:
            self.say(f"{self._resumed} runs were there already")
            self._resumed = 0
        left = self._clock.left()
        tail = f", {duration(left)} left" if left else ""
        number = f"[{self._clock.done}/{self._clock.runs}]"
        self.say(f"{number} {arm}, {what}: {outcome(body)} ({body['measured']['seconds']:.1f} s{tail})")


class _LineLane(View):
    """One worker of :class:`Lines`."""

    def __init__(self, lines: Lines) -> None:
        self._lines, self._arm, self._what = lines, "", ""

    def begin(self, arm: str, what: str, steps: int) -> None:
        self._arm, self._what = arm, what

    def end(self, body: dict[str, Any], fresh: bool) -> None:
        self._lines.ended(self._arm, self._what, body, fresh)


def outcome(body: dict[str, Any]) -> str:
    """A run in a few words."""
    if body["status"] == "failed":
        return f"failed, {body['reason']}"
    if body["status"] == "pruned":
        return str(body["reason"])
    validation = body["validation"]
    return f"macro {validation['macro_recall']:.3f}, micro {validation['micro_recall']:.3f} on validation"


def duration(seconds: float) -> str:
    """Seconds as a person says them: 40 s, 3 min, 2.5 h."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
