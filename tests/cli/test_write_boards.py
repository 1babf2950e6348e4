"""``ablate leaderboard --write``: the same bytes from the records, and nothing half-written."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

STUDY = Path(__file__).parents[2] / "results" / "quickstart"
WRITTEN = ("leaderboard.md", "leaderboard.csv", "leaderboard.json", "labels.csv", "recommendation.json")


@pytest.fixture
def bare(tmp_path) -> Path:
    """A study's plan and records without its boards."""
    shutil.copytree(STUDY / "records", tmp_path / "bare" / "records")
    shutil.copy(STUDY / "study.toml", tmp_path / "bare")
    return tmp_path / "bare"


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir()) if path.is_file()}


def test_boards_come_back_byte_for_byte_without_torch(bare):
    code = (
        "import sys\nfrom ablate.cli import main\n"
        f"sys.argv = ['ablate', 'leaderboard', '--write', {str(bare)!r}]\n"
        "try:\n    main()\nexcept SystemExit as end:\n    assert not end.code\n"
        "assert 'torch' not in sys.modules and 'optuna' not in sys.modules\n"
    )
    first = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=300, check=True)
    assert first.stdout == f"{bare}: boards written from {len(list((bare / 'records').glob('*.json')))} records\n"
    found = contents(bare)
    assert set(WRITTEN) <= set(found)
    for name in WRITTEN:
        (bare / name).write_text("edited by hand")
    subprocess.run([sys.executable, "-c", code], timeout=300, check=True, capture_output=True)
    assert contents(bare) == found


def test_nothing_is_written_where_one_folder_cannot_be(ablate, bare, tmp_path):
    said = ablate("leaderboard", "--write", str(bare), str(tmp_path / "none"))
    assert said.code == 2
    assert "has no study.toml" in said.err
    (tmp_path / "empty").mkdir()
    shutil.copy(STUDY / "study.toml", tmp_path / "empty")
    said = ablate("leaderboard", "--write", str(bare), str(tmp_path / "empty"))
    assert said.code == 2
    assert "holds no record" in said.err
    assert set(contents(bare)) == {"study.toml"}


@pytest.mark.parametrize("other", [("--format", "md"), ("--wide",), ("--decisions",)])
def test_what_is_printed_and_what_is_written_are_not_mixed(ablate, bare, other):
    said = ablate("leaderboard", str(bare), "--write", *other)
    assert said.code == 2
    assert f"leave out {other[0]}" in said.err
    assert set(contents(bare)) == {"study.toml"}
