from __future__ import annotations

from pathlib import Path

import pytest

from ablate.results.record import Records


@pytest.fixture
def store(tmp_path: Path) -> Records:
    return Records(tmp_path / "records")
