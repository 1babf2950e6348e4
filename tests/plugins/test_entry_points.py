"""Installed plugins: found through entry points; a broken one is named and left out."""

from importlib.metadata import EntryPoint

import pytest

from ablate import plugins
from ablate.ablation import combine
from ablate.catalog import STRATEGIES
from ablate.errors import AblateError

GOOD = """
from ablate.api import Focal, Strategy

STRATEGIES = (Strategy("acme-focal", loss=Focal(gamma=1.0)),)
CLASH = (Strategy("acme-new"), Strategy("focal"))
ALONE = Strategy("acme-alone")
WORDS = ("focal",)
"""
BUILT_IN = [strategy.name for strategy in STRATEGIES]


@pytest.fixture
def installed(tmp_path, monkeypatch):
    """Installs the named objects of two modules as plugins, and gives the registry."""
    (tmp_path / "acme_good.py").write_text(GOOD)
    (tmp_path / "acme_bad.py").write_text("raise RuntimeError('no GPU\\nat all')")
    (tmp_path / "acme_ends.py").write_text("raise SystemExit('as a script would')")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr("sys.dont_write_bytecode", True)

    def install(**entries):
        points = [EntryPoint(name, value, plugins.GROUP) for name, value in entries.items()]
        monkeypatch.setattr(plugins, "entry_points", lambda group: points if group == "ablate.strategies" else [])
        return plugins.registry()

    return install


def test_the_strategies_of_an_installed_plugin_are_added(installed):
    found = installed(acme="acme_good:STRATEGIES")
    assert list(found.strategies) == [*BUILT_IN, "acme-focal"]
    assert found.broken == []


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("acme_none:STRATEGIES", "ModuleNotFoundError: No module named 'acme_none'"),
        ("acme_good:MISSING", "AttributeError: module 'acme_good' has no attribute 'MISSING'"),
        ("acme_bad:STRATEGIES", "RuntimeError: no GPU"),
        ("acme_ends:STRATEGIES", "SystemExit: as a script would"),
        ("acme_good:ALONE", "TypeError: 'Strategy' object is not iterable"),
        ("acme_good:WORDS", "'focal' is not a Strategy"),
        ("acme_good:CLASH", "a strategy 'focal' exists already"),
    ],
)
def test_a_broken_plugin_is_left_out_whole_and_named_with_the_reason(installed, value, reason):
    found = installed(broken=value, zeta="acme_good:STRATEGIES")
    assert list(found.strategies) == [*BUILT_IN, "acme-focal"]
    (said,) = found.broken
    assert said.startswith(f"plugin 'broken' ({value}) is left out: ")
    assert reason in said
    assert "\n" not in said


def test_plugins_are_read_in_the_order_of_their_names(installed):
    found = installed(b="acme_good:STRATEGIES", a="acme_good:CLASH")
    assert len(found.broken) == 1
    assert "plugin 'a'" in found.broken[0]


def test_an_unknown_strategy_may_be_that_of_a_plugin_that_was_left_out(installed):
    found = installed(broken="acme_bad:STRATEGIES")
    with pytest.raises(AblateError, match=r"unknown strategy 'acme-new'.*; plugin 'broken' .* is left out: RuntimeErr"):
        found.get("acme-new")


def test_a_strategy_and_what_is_combined_of_it_tell_their_plugin(installed):
    found = installed(acme="acme_good:STRATEGIES")
    own = found.get("acme-focal")
    assert found.origin(own) == "acme"
    assert found.origin(combine(own, found.get("repeat-factor"))) == "acme"
    assert [name for name in BUILT_IN if found.origin(found.get(name))] == []
