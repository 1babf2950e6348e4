"""Which display of a running study suits where it is shown."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager

from rich.console import Console

from ablate.study.one_line import OneLine
from ablate.study.screen import Screen
from ablate.study.view import Lines, Quiet, View


@contextmanager
def display(console: Console, quiet: bool) -> Iterator[View]:
    """A view while the block runs: one line in a notebook, a live display on a terminal, else a line per run."""
    if quiet:
        yield Quiet()
    elif console.is_jupyter:
        with closing(OneLine(sys.stdout)) as line:
            yield line
    elif console.is_terminal:
        screen = Screen(console)
        with screen.open():
            yield screen
    else:
        yield Lines(console)
