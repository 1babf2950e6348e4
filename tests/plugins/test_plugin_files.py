"""``--plugin FILE``: strategies from a file that the user names."""

import json
import os
import sys

import pytest

from ablate.catalog import STRATEGIES
from ablate.errors import AblateError
from ablate.plugins import registry
from ablate.strategy import from_json, to_json
from ablate.testing import failures

MINE = '''
from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from ablate.api import LabelStats, Real, Strategy, Tensor, Weighting


@dataclass(frozen=True)
class Mine(Weighting):
    """Weight positives by a constant; factor=1 is the baseline."""

    source = "nobody 2020"
    baseline_at = {"factor": 1.0}

    factor: Annotated[float, Real(1.0, 9.0)] = 2.0

    def weights(self, targets: Tensor, stats: LabelStats) -> Tensor:
        return 1 + targets * (self.factor - 1)


STRATEGIES = (Strategy("mine", weighting=Mine()),)
'''


@pytest.fixture
def plugin(tmp_path, monkeypatch, request):
    """Writes plugin files, each as new to Python and all of them at one moment of the clock."""
    monkeypatch.setattr("sys.dont_write_bytecode", False)  # as for a user

    def write(text, name="my-plugin.py"):
        path = tmp_path / name
        path.write_text(f"# {request.node.name}\n{text}")
        os.utime(path, (1e9, 1e9))
        return str(path)

    return write


def test_without_plugins_the_registry_has_the_built_in_strategies_in_order():
    found = registry()
    assert list(found.strategies.values()) == list(STRATEGIES)
    assert found.broken == []


def test_the_strategies_of_a_file_are_added(plugin):
    found = registry([plugin(MINE)])
    assert list(found.strategies) == [*(strategy.name for strategy in STRATEGIES), "mine"]
    assert failures(found.get("mine")) == []


def test_a_component_of_a_file_comes_back_from_json(plugin):
    mine = registry([plugin(MINE)]).get("mine")
    assert from_json(json.loads(json.dumps(to_json(mine)))) == mine


def test_the_same_file_read_twice_is_the_same_strategy(plugin):
    path = plugin(MINE)
    assert registry([path]).get("mine") == registry([path]).get("mine")


def test_an_edit_makes_another_component(plugin):
    before = registry([plugin(MINE)]).get("mine")
    # as long as the text before, and saved in the same second: bytecode of the first must not stand for the second
    after = registry([plugin(MINE.replace("= 2.0", "= 3.0"))]).get("mine")
    assert (before.weighting.factor, after.weighting.factor) == (2.0, 3.0)
    assert to_json(before)["weighting"]["class"] != to_json(after)["weighting"]["class"]


def test_a_file_of_the_same_text_elsewhere_makes_the_same_records(plugin, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    here, there = registry([plugin(MINE)]), registry([plugin(MINE, "elsewhere/my-plugin.py")])
    assert to_json(here.get("mine")) == to_json(there.get("mine"))
    assert str(tmp_path) not in json.dumps(to_json(here.get("mine")))


def test_nothing_is_written_beside_the_file(plugin, tmp_path):
    registry([plugin(MINE)])
    assert [path.name for path in tmp_path.iterdir()] == ["my-plugin.py"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("STRATEGIES = (", "cannot be imported: SyntaxError"),
        ("import nowhere_at_all", "cannot be imported: ModuleNotFoundError: No module named 'nowhere_at_all'"),
        ("1 / 0", "cannot be imported: ZeroDivisionError"),
        ("from ablate.api import Strategy, Loss\nStrategy('s', weighting=Loss())", "weighting is a Loss"),
        ("x = 1", "has no STRATEGIES; add STRATEGIES = (Strategy(...),)"),
        ("STRATEGIES = ()", "has no STRATEGIES"),
        ("from ablate.api import Strategy\nSTRATEGIES = Strategy('s')", "has no STRATEGIES"),
        ("STRATEGIES = ['focal']", "'focal' is not a Strategy; list Strategy values"),
        ("from ablate.api import Focal\nSTRATEGIES = [Focal()]", "is not a Strategy"),
        ("from ablate.api import Strategy\nSTRATEGIES = [Strategy('a,b')]", "is named 'a,b'; give text without blanks"),
        ("from ablate.api import Strategy\nSTRATEGIES = [Strategy(3)]", "a strategy is named 3; give text"),
        (
            MINE.replace("Annotated[float, Real", "Annotated[flaot, Real"),
            "the fields of 'mine' cannot be read (NameError: name 'flaot' is not defined",
        ),
        (
            "from ablate.api import Strategy\nSTRATEGIES = [Strategy('focal')]",
            "a strategy 'focal' exists already; give it another name",
        ),
        (
            "from ablate.api import Strategy\nSTRATEGIES = [Strategy('twin'), Strategy('twin')]",
            "a strategy 'twin' exists already",
        ),
    ],
)
def test_a_broken_file_is_named_with_the_remedy(plugin, text, words):
    path = plugin(text)
    with pytest.raises(AblateError) as error:
        registry([path])
    assert words in str(error.value)
    assert path in str(error.value)
    assert "\n" not in str(error.value)


def test_a_file_that_broke_can_be_mended(plugin):
    with pytest.raises(AblateError, match="SyntaxError"):
        registry([plugin("STRATEGIES = (")])
    assert registry([plugin(MINE)]).get("mine").name == "mine"


def test_a_missing_file_is_named_with_the_remedy(tmp_path):
    with pytest.raises(AblateError, match=r"plugin file '.*none\.py' does not exist; give a Python file"):
        registry([str(tmp_path / "none.py")])


def test_a_folder_is_no_file(tmp_path):
    with pytest.raises(AblateError, match="does not exist"):
        registry([str(tmp_path)])


def test_a_file_that_is_not_python_is_refused(plugin):
    with pytest.raises(AblateError, match=r"is not a Python file; give one that ends in \.py"):
        registry([plugin(MINE, "mine.txt")])


def test_two_files_that_name_the_same_strategy_clash(plugin):
    with pytest.raises(AblateError, match="a strategy 'mine' exists already"):
        registry([plugin(MINE), plugin(MINE, "other.py")])


def test_an_unknown_strategy_has_a_near_match(plugin):
    found = registry([plugin(MINE)])
    with pytest.raises(AblateError, match=r"unknown strategy 'mien'; did you mean 'mine'\? \(see them all with"):
        found.get("mien")
    with pytest.raises(AblateError, match=r"unknown strategy 'xyzzy' \(see them all with"):
        found.get("xyzzy")


def test_a_file_with_the_name_of_a_module_hides_nothing(plugin):
    registry([plugin(MINE, "json.py")])
    assert sys.modules["json"] is json


def test_a_plugin_cannot_take_the_name_of_a_control(tmp_path):
    file = tmp_path / "taken.py"
    file.write_text("from ablate.api import Strategy\nSTRATEGIES = (Strategy('prior-only'),)\n")
    with pytest.raises(AblateError, match=r"prior-only.*give it another name"):
        registry([str(file)])
