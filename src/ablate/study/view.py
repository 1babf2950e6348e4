"""What a person sees while a study runs: plain lines, or a live display on a terminal."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from rich.console import Console, Group
from rich.live import Live
from rich.markup import escape
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text


class View:
    """Told what happens; this one shows nothing of it."""

    def say(self, text: str) -> None:
        """One line for the reader."""

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


class Clock:
    """Time left, from the runs that were really made."""

    def __init__(self) -> None:
        self.runs, self.done, self._fresh, self._seconds = 0, 0, 0, 0.0

    def count(self, body: dict[str, Any], fresh: bool) -> None:
        """Take one run in."""
        self.done += 1
        if fresh:
            self._fresh += 1
            self._seconds += float(body["measured"]["seconds"])

    def left(self) -> float | None:
        """Seconds left, None before the first run."""
        return None if not self._fresh else (self.runs - self.done) * self._seconds / self._fresh


class Lines(View):
    """One plain line per run, without control codes: for logs and pipes."""

    def __init__(self, console: Console) -> None:
        self._console, self._clock = console, Clock()
        self._arm = self._what = ""
        self._resumed = 0

    def say(self, text: str) -> None:
        """Print a line as it is."""
        self._console.print(text, markup=False, highlight=False, soft_wrap=True)

    def total(self, runs: int) -> None:
        """Remember the number of runs."""
        self._clock.runs = runs

    def begin(self, arm: str, what: str, steps: int) -> None:
        """Remember what runs."""
        self._arm, self._what = arm, what

    def end(self, body: dict[str, Any], fresh: bool) -> None:
        """Print what a fresh run gave; runs that were there already are counted."""
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
        self.say(f"{number} {self._arm}, {self._what}: {outcome(body)} ({body['measured']['seconds']:.1f} s{tail})")


class Screen(View):
    """A live display: arm, trial, step, recall at budget, time left."""

    def __init__(self, console: Console) -> None:
        self._console, self._clock = console, Clock()
        self._arm, self._what, self._steps, self._step = "", "", 1, 0
        self._recall = self._last = self._encoding = ""
        self._live: Live | None = None
        self._shown = 0.0

    @contextmanager
    def open(self) -> Iterator[None]:
        """Show the display while the block runs."""
        with Live(console=self._console, auto_refresh=False, transient=True) as live:
            self._live = live
            yield
        self._live = None

    def say(self, text: str) -> None:
        """Print a line above the display."""
        self._console.print(text, markup=False, highlight=False)

    def total(self, runs: int) -> None:
        """Remember the number of runs."""
        self._clock.runs = runs

    def encoding(self, done: int, total: int) -> None:
        """Show how far the encoding is."""
        self._encoding = "" if done >= total else f"encoding documents once: {done:,} of {total:,}"
        self._draw()

    def begin(self, arm: str, what: str, steps: int) -> None:
        """Show which run it is."""
        self._arm, self._what, self._steps, self._step, self._recall = arm, what, steps, 0, ""
        self._draw(now=True)

    def step(self, step: int) -> None:
        """Move the bar."""
        self._step = step
        self._draw()

    def point(self, macro: float, micro: float) -> None:
        """Show live recall."""
        self._recall = f"macro {macro:.3f}  micro {micro:.3f}"
        self._draw(now=True)

    def end(self, body: dict[str, Any], fresh: bool) -> None:
        """Keep the last outcome in sight."""
        self._clock.count(body, fresh)
        self._last = f"{body['arm']}, {self._what}: {outcome(body)}"
        self._draw()

    def _draw(self, now: bool = False) -> None:
        if self._live is None or (not now and time.monotonic() - self._shown < 0.1):
            return
        self._shown = time.monotonic()
        self._live.update(self._picture(), refresh=True)

    def _picture(self) -> Group | Text:
        if self._encoding:
            return Text(self._encoding)
        left = self._clock.left()
        grid = Table.grid(padding=(0, 1))
        grid.add_row(
            "study",
            _bar(self._clock.done, self._clock.runs),
            f"run {min(self._clock.done + 1, self._clock.runs)} of {self._clock.runs}",
        )
        grid.add_row("run", _bar(self._step, self._steps), f"step {self._step:,} of {self._steps:,}")
        now = Text.from_markup(f"[bold]{escape(self._arm)}[/], {escape(self._what)}  {self._recall}")
        rest = Text(f"about {duration(left)} left" if left else "measuring how long a run takes", style="dim")
        return Group(now, grid, Text(self._last, style="dim"), rest)


def _bar(done: int, total: int) -> ProgressBar:
    return ProgressBar(total=max(total, 1), completed=done, width=30)


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
