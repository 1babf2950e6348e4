"""A study file that came from somewhere runs and writes nothing outside of its folder; the command line may."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from planted import evil_code

from ablate.errors import AblateError
from ablate.study import planfile, resolve
from ablate.study.beside import folder_of, of_data
from ablate.study.cluster.member import _asked
from ablate.study.cluster.shared import Published
from ablate.study.command import plan_of
from ablate.study.plan import make


@pytest.fixture
def marker(tmp_path: Path):
    yield tmp_path / "marker"
    assert not (tmp_path / "marker").exists()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A study file in a folder beside which lies code that nobody named."""
    folder = tmp_path / "received"
    folder.mkdir()
    (tmp_path / "outside.py").write_text(evil_code(tmp_path / "marker"))
    return folder / "plan.toml"


def test_names_in_a_file_are_looked_for_beside_it(file: Path, monkeypatch):
    (file.parent / "sub").mkdir()
    for name in ("mine.py", "sub/more.py"):
        (file.parent / name).write_text("")
    file.write_text('plugin = ["mine.py", "sub/more.py"]\nout = "made"\ncache = "kept"\ndata = "mails.csv"\n')
    monkeypatch.chdir(file.parent.parent)
    plan = plan_of(Path("received/plan.toml"), {}, [])
    assert plan.plugin == ["received/mine.py", "received/sub/more.py"]
    assert (plan.out, plan.cache) == ("received/made", "received/kept")
    assert plan.data == "mails.csv"  # is only read


@pytest.mark.parametrize("key", ["plugin", "out", "cache"])
@pytest.mark.parametrize("named", ["../outside.py", "sub/../../outside.py", "{absolute}", "~/outside.py", "link.py"])
def test_what_leads_out_of_the_folder_is_refused_with_the_option_to_give(
    file: Path, marker: Path, tmp_path: Path, key: str, named: str
):
    (file.parent / "link.py").symlink_to(tmp_path / "outside.py")
    named = named.format(absolute=tmp_path / "outside.py")
    planfile.write(file, {key: [named] if key == "plugin" else named})
    with pytest.raises(AblateError) as caught:
        plan_of(file, {}, [])
    told = f"'{file}': {key} '{named}' lies outside of its folder; give it on the command line: --{key} {named}"
    assert str(caught.value) == told


@pytest.mark.parametrize("key", ["plugin", "out", "cache"])
def test_the_command_line_is_free_and_wins_over_the_file(file: Path, tmp_path: Path, key: str):
    planfile.write(file, {key: ["/elsewhere.py"] if key == "plugin" else "/elsewhere"})
    given = [str(tmp_path / "outside.py")] if key == "plugin" else "../anywhere"
    assert getattr(plan_of(file, {key: given}, []), key) == given
    named = f"['{given[0]}']" if key == "plugin" else given
    assert getattr(plan_of(file, {}, [f"{key}={named}"]), key) == given


def test_a_plugin_that_is_not_there_says_what_to_give(file: Path):
    file.write_text('plugin = ["mine.py"]\n')
    with pytest.raises(AblateError, match=r"plugin 'mine.py' is not beside it; give --plugin with the path of that f"):
        plan_of(file, {}, [])


def test_values_of_another_kind_are_the_plans_to_refuse(file: Path):
    file.write_text("plugin = [7]\n")
    with pytest.raises(AblateError, match=r"plugin\.0: "):
        plan_of(file, {}, [])


def test_the_plan_in_an_output_folder_runs_no_file_of_the_folder_one_is_in(tmp_path: Path, marker: Path, monkeypatch):
    """Until this was mended, ``--out`` of a study with a plugin ran whatever had its name in the current folder."""
    (tmp_path / "mine.py").write_text(evil_code(marker))
    planfile.write(tmp_path / "out" / "study.toml", {"backbone": "bag", "plugin": ["mine.py"]})
    monkeypatch.chdir(tmp_path)
    with pytest.raises(AblateError, match=r"^'out/study.toml': plugin 'mine.py' is not beside it; give --plugin"):
        resolve.with_earlier(make({}), Path("out"))
    assert resolve.with_earlier(make({"plugin": ["mine.py"]}), Path("out")).plugin == ["mine.py"]


def test_the_plan_in_a_database_names_no_path_of_this_machine():
    text = planfile.dumps({"backbone": "bag", "plugin": ["mine.py"], "out": "/", "cache": "/", "device": "cuda"})
    published = Published(text, {}, "", 0, 0, 1.0)
    with pytest.raises(
        AblateError, match=r"study 's' has the plugin mine.py; give --plugin with the path of that file h"
    ):
        _asked(published, "s", {})
    assert _asked(published, "s", {"plugin": ["here.py"]}) == {"backbone": "bag", "plugin": ["mine.py"]}


@pytest.mark.parametrize("name", ["../x", "a/../../x", "/x", "..", ""])
def test_a_name_does_not_lead_out_of_results(name: str):
    with pytest.raises(
        AblateError, match=r"leads out of results/; give one without '..' and '/' at its start, or --out"
    ):
        folder_of(name)


def test_a_name_is_a_folder_in_results(tmp_path: Path):
    assert folder_of("owner/name:config-bag") == Path("results/owner/name:config-bag")
    assert (of_data("/specs/mine.toml"), of_data("../mine.toml")) == ("mine.toml", "mine.toml")
    assert of_data("owner/name:config") == "owner/name:config"


@pytest.mark.parametrize(
    "arguments",
    [
        ["plan.toml"],
        ["--name", "../climbed", "--backbone", "bag", "--documents", "200", "--steps", "25", "--trials", "1"],
    ],
)
def test_the_command_leaves_nothing_behind(file: Path, marker: Path, arguments: list[str]):
    file.write_text('plugin = ["../outside.py"]\n')
    told = subprocess.run(
        [sys.executable, "-m", "ablate", "study", *arguments],
        cwd=file.parent,
        env={**os.environ, "OMP_NUM_THREADS": "1", "XDG_CACHE_HOME": str(file.parent.parent / "cache")},
        capture_output=True,
        text=True,
    )
    assert told.returncode == 2
    (line,) = told.stderr.splitlines()
    assert line.startswith("error: ")
    assert not (file.parent / "results").exists()
    assert not (file.parent.parent / "climbed").exists()
    assert [path.name for path in file.parent.iterdir()] == ["plan.toml"]
