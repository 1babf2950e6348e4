"""Every block of docs/python.md, in order and in one namespace, as a notebook runs its cells."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "python.md").read_text("utf-8")
CELLS = re.findall(r"^```python\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)


def run(cell: str, names: dict[str, Any]) -> Any:
    """Run a cell; gives the value of its last line where that is an expression, as a notebook shows it."""
    tree = ast.parse(cell)
    last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else None
    exec(compile(tree, "docs/python.md", "exec"), names)
    return None if last is None else eval(compile(ast.Expression(last.value), "docs/python.md", "eval"), names)


@pytest.mark.slow
def test_the_page_works_in_its_order(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    names: dict[str, Any] = {}
    shown = [run(cell, names) for cell in CELLS]
    board = names["board"]
    assert isinstance(shown[0], pd.DataFrame)
    assert {"baseline", "focal", "head-rate", "prior-only"} <= set(board.index)
    assert f"<td>{board.loc['focal', 'macro_recall']:.6f}</td>" in board._repr_html_()
    assert board.attrs["verdict"] in capsys.readouterr().out
    same, losses, _ = shown[2]
    assert same
    assert "focal" in losses
    assert "head-rate" not in losses
    both = names["both"]
    assert both.loc["baseline", ("", "average_rank")] >= 1
    assert pd.isna(both.loc["head-rate", ("", "average_rank")])
    assert "<table" in shown[-3]._repr_html_()
    assert "recall" in shown[-3]._repr_html_()
    assert "<table" in shown[-1]._repr_html_()
    assert (tmp_path / "small" / "leaderboard.json").is_file()


def test_the_page_links_to_what_is_there():
    for target in re.findall(r"\]\(([^)#]+?)(?:#[\w-]+)?\)", PAGE):
        assert (DOCS / target).is_file(), target
