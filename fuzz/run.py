"""Run cases of one kind; a traceback or a hang is a finding, with the case that makes it."""

from __future__ import annotations

import contextlib
import io
import signal
import tempfile
import time
import warnings
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, Phase, given
from hypothesis import seed as seeded
from hypothesis import settings as configured

from ablate.errors import AblateError, one_line
from fuzz.kinds import Kind

HANG = 20  # seconds


@dataclass
class Outcome:
    """Cases of a kind: how many worked, how many were refused, and by which lines; what went wrong."""

    worked: int = 0
    refused: int = 0
    lines: Counter[str] = field(default_factory=Counter)
    findings: dict[str, str] = field(default_factory=dict)
    seconds: float = 0.0


def run(kind: Kind, cases: int, seed: int) -> Outcome:
    """``cases`` cases; a finding does not end the run, and each place of the code is named once."""
    outcome = Outcome()

    @seeded(seed)
    @configured(
        max_examples=cases,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(kind.made)
    def each(case: Any) -> None:
        with tempfile.TemporaryDirectory() as folder:
            _one(kind, Path(folder), case, outcome)

    started = time.monotonic()
    each()
    outcome.seconds = time.monotonic() - started
    return outcome


def _one(kind: Kind, folder: Path, case: Any, outcome: Outcome) -> None:
    def hang(*_: Any) -> None:
        raise TimeoutError(f"not done after {HANG} s")

    before = signal.signal(signal.SIGALRM, hang)
    signal.alarm(HANG)
    said = io.StringIO()
    try:
        with warnings.catch_warnings(), contextlib.redirect_stderr(said), contextlib.redirect_stdout(said):
            warnings.simplefilter("ignore")
            kind.call(folder, case)
        outcome.worked += 1
    except AblateError as error:
        line = one_line(str(error))
        if len(line) < 10:
            outcome.findings.setdefault(f"no message: {line!r}", repr(case)[:400])
        outcome.refused += 1
        outcome.lines[line.replace(str(folder), "FOLDER")[:40]] += 1
    except Exception as error:
        frame = error.__traceback__
        place = ""
        while frame is not None:
            name = frame.tb_frame.f_code.co_filename
            place = f"{Path(name).name}:{frame.tb_lineno}" if "/ablate/" in name else place
            frame = frame.tb_next
        outcome.findings.setdefault(f"{type(error).__name__} at {place}: {str(error)[:80]}", repr(case)[:400])
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)
