"""The runner finds modules, runs each in a process of its own, and lets none take the others down."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from benchmarks.ratios import modules
from benchmarks.ratios.__main__ import main, measured
from benchmarks.ratios.modules import Found, chosen, run
from benchmarks.ratios.table import ROWS

GOOD = """
import os
KEYS = {"pid": 1.0}
def measure():
    runs = [{"ours_seconds": 1.0, "theirs_seconds": 2.0}] * 3
    return {"pid": {"value": float(os.getpid()), "goal": 1.0, "runs": runs, "note": ""}}
"""


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "made_up_ratios"
    folder.mkdir()
    (folder / "__init__.py").write_text("")
    (folder / "good.py").write_text(GOOD)
    (folder / "raises.py").write_text("KEYS = {'never': 1.0}\ndef measure():\n    raise OSError('the disk is full')\n")
    (folder / "unimportable.py").write_text("import no_such_peer\n")
    (folder / "support.py").write_text("")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.syspath_prepend(tmp_path)
    yield folder
    for name in [name for name in sys.modules if name.startswith("made_up_ratios")]:
        del sys.modules[name]


def test_modules_with_keys_are_found_and_broken_ones_named(package):
    found = {one.name.rpartition(".")[2]: one for one in modules.modules("made_up_ratios")}
    assert sorted(found) == ["good", "raises", "unimportable"]
    assert found["good"].keys == {"pid": 1.0}
    assert "no_such_peer" in found["unimportable"].problem


def test_each_module_has_a_fresh_process(package):
    one, two = (run("made_up_ratios.good")["pid"]["value"] for _ in range(2))
    assert one != two


def test_a_module_that_fails_is_named_and_the_others_count(package):
    said: list[str] = []
    ratios, failed = measured(modules.modules("made_up_ratios"), run, said.append)
    assert list(ratios) == ["pid"]
    assert failed == ["made_up_ratios.raises", "made_up_ratios.unimportable"]
    assert "error: made_up_ratios.raises: OSError: the disk is full" in said


def test_only_the_modules_of_the_named_keys_are_run():
    found = [Found("a", {"x": 1.0, "y": 1.0}), Found("b", {"z": 1.0})]
    assert [one.name for one in chosen(found, ["y"])] == ["a"]
    assert chosen(found, []) == found
    with pytest.raises(ValueError, match="no ratio 'w'; there are x, y, z"):
        chosen(found, ["w"])


def test_an_unknown_key_is_a_users_mistake(capsys):
    assert main(["--only", "no_such_ratio"]) == 2
    assert "no ratio 'no_such_ratio'" in capsys.readouterr().err


def test_every_ratio_is_a_row_of_the_table_and_has_one_module():
    pytest.importorskip("accelerate", reason="the ratios need the [bench] extra")
    keys = [key for one in modules.modules() for key in one.keys]
    assert len(keys) == len(set(keys))
    assert set(keys) <= set(ROWS)
