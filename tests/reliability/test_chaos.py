"""The two-minute version of ``make chaos``."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from chaos.chaos import disturbed, judge, undisturbed
from chaos.plan import SHORT
from chaos.report import report, write


@pytest.mark.slow
def test_a_disturbed_study_ends_with_the_board_of_an_undisturbed_one(tmp_path: Path):
    one = undisturbed(SHORT, tmp_path)
    other, counted, log, seconds = disturbed(SHORT, tmp_path, random.Random(0))
    promises = judge(SHORT, one, other, counted, log)
    assert [promise for promise, held in promises.items() if not held] == [], (counted, log.lines)
    write(report(SHORT, 0, counted, log, seconds, promises), tmp_path / "report")
    assert "| NO |" not in (tmp_path / "report" / "chaos.md").read_text()
