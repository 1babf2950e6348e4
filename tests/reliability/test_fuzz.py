"""Broken input ends in one line: a small part of ``make fuzz``, and that it would see it if it did not."""

from __future__ import annotations

import re
import signal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import strategies as st

from ablate.errors import AblateError
from fuzz import run as running
from fuzz.__main__ import SOURCE, STRATEGIES
from fuzz.kinds import Kind, kinds

ROOT = Path(__file__).parents[2]
KINDS = {kind.name: kind for kind in kinds(ROOT / SOURCE, STRATEGIES)}
CASES = {"study files": 150, "--set overrides": 150, "data files": 100, "records": 40}


@pytest.mark.parametrize("name", CASES)
def test_broken_input_works_or_is_refused_in_one_line(name: str):
    found = running.run(KINDS[name], CASES[name], seed=1)
    assert found.findings == {}
    assert found.worked + found.refused >= CASES[name]


def planted(call: Any) -> Kind:
    return Kind("planted", 1.0, st.integers(0, 9), call)


def test_a_traceback_and_a_hang_are_findings_with_their_case(monkeypatch: pytest.MonkeyPatch):
    def failing(folder: Path, case: int) -> None:
        if case == 7:
            raise ZeroDivisionError("seven")

    found = running.run(planted(failing), 100, seed=0)
    assert found.findings == {"ZeroDivisionError at : seven": "7"}
    assert found.worked > 0
    monkeypatch.setattr(running, "HANG", 1)
    found = running.run(planted(lambda folder, case: signal.pause() if case == 3 else None), 40, seed=0)
    assert list(found.findings.values()) == ["3"]
    assert re.search("not done after 1 s", next(iter(found.findings)))


def test_a_refusal_without_words_is_a_finding():
    def refusing(folder: Path, case: int) -> None:
        raise AblateError("\n")

    assert list(running.run(planted(refusing), 5, seed=0).findings) == ["no message: ''"]
