"""Every command of docs/how-to/ and of README.md, on the files that docs/how-to/README.md makes."""

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from pages import DOCS, ROOT, Shell, blocks, follow

HOW_TO = DOCS / "how-to"
INDEX = HOW_TO / "README.md"
STUDY = "## A study to look at"
PAGES = sorted(page.stem for page in HOW_TO.glob("*.md") if page != INDEX)
#: Pages that need the files alone, and take under five seconds.
QUICK = {"check-labels", "judge-a-model", "load-data"}

#: The README shows commands for a reader's own files: what stands for them, and what makes a study of it small.
NAMES = {"FILE": "mydata.csv", "--label-columns a,b,c": "--label-columns darkness,plain,missing"}
SMALL = " --trials 1 --seeds 2 --steps 25 --batch-size 64"
SMALLER = {
    "study --data synthetic:": " --documents 1000 --strategies focal --out generated-study",
    "study --data": " --backbone bag --strategies focal",
    "study --plugin": " --backbone bag --documents 500",
    "synth": " --documents 2000",
    "calibrate": " --documents 2000 --steps 25 --trainings 1 --seeds 1 --out mine.card.json",
}


def at_desk(desk: Path, tmp_path: Path) -> Shell:
    folder = tmp_path / "page"
    shutil.copytree(desk, folder)
    return Shell(folder, desk.parent / "cache")


@pytest.fixture(scope="session")
def files(tmp_path_factory) -> Path:
    """A folder with the files that the pages use."""
    folder = tmp_path_factory.mktemp("how-to") / "files"
    folder.mkdir()
    study = INDEX.read_text("utf-8").split(STUDY)[0].count("\n")
    for _ in follow([block for block in blocks(INDEX) if block.line < study], Shell(folder, folder.parent / "cache")):
        pass
    return folder


@pytest.fixture(scope="session")
def desk(files) -> Path:
    """The same with the study that the pages use, made once."""
    shell = at_desk(files, files.parent)
    study = INDEX.read_text("utf-8").split(STUDY)[0].count("\n")
    for _ in follow([block for block in blocks(INDEX) if block.line >= study], shell):
        pass
    return shell.folder


def committed(shell: Shell, text: str) -> None:
    """A copy of the committed studies that a page names."""
    for name in set(re.findall(r"\bresults/([\w-]+)", text)):
        if (ROOT / "results" / name / "study.toml").is_file():
            shutil.copytree(ROOT / "results" / name, shell.folder / "results" / name)


def typed(page: str, shell: Shell) -> dict[str, str]:
    source = HOW_TO / f"{page}.md"
    committed(shell, source.read_text("utf-8"))
    return dict(follow(blocks(source), shell))


@pytest.mark.parametrize("page", sorted(QUICK))
def test_a_page_about_data_works_from_top_to_bottom(page, files, tmp_path):
    typed(page, at_desk(files, tmp_path))


CHECKS: dict[str, Callable[[dict[str, str], Path], None]] = {}


def check(function):
    CHECKS[function.__name__.replace("_", "-")] = function
    return function


@check
def alarm_budget(said, folder):
    board = json.loads((folder / "five" / "leaderboard.json").read_text())
    assert board["budget"]["alarms_per_document"] == 5


@check
def combine(said, folder):
    effects = pd.read_csv(folder / "together" / "effects.csv")
    assert {"cosine-head", "focal"} <= set(effects.stack().astype(str))


@check
def export_and_predict(said, folder):
    predicted = pd.read_parquet(folder / "predicted.parquet")
    assert len(predicted) == len(pd.read_csv(folder / "mydata.csv"))
    lines = said["python -m ablate predict model mydata.csv | head -2"].splitlines()
    assert [json.loads(line)["row"] for line in lines] == list(predicted["row"][:2])


@check
def find_the_gap(said, folder):
    assert "No learning curve" in said["python -m ablate gap study"]
    assert "No learning curve" not in said["python -m ablate gap study half"]
    assert "irreducible" in said["python -m ablate gap truth"]


@check
def go_on(said, folder):
    board = pd.read_csv(folder / "study" / "leaderboard.csv").set_index("strategy")
    assert (board.loc[["baseline", "focal", "pos-weight-sqrt", "asymmetric", "cosine-head"], "runs"] == 3).all()


@check
def parameters(said, folder):
    rows = json.loads((folder / "capped" / "leaderboard.json").read_text())["rows"]
    capped = next(row for row in rows if row["strategy"] == "pos-weight-clipped")
    assert capped["parameters"]["weighting.cap"] == 10


@check
def precision_floor(said, folder):
    found = re.search(r"precision ([\d.]+), micro recall ([\d.]+)", said["python floor.py"])
    assert 0 < float(found[1]) <= 1
    assert 0 < float(found[2]) <= 1


@check
def reproduce(said, folder):
    assert said["diff -r results/quickstart before"] == ""
    assert said["cmp study/labels.csv again/labels.csv"] == ""


@check
def share(said, folder):
    assert not re.search(r'(src|href)="http', (folder / "for-ann" / "index.html").read_text())
    assert "focal" in said["python -m ablate leaderboard unpacked/study"]


@check
def twin(said, folder):
    names = pd.read_csv(folder / "counts.csv")["label"]
    assert not set(names) & set(re.findall(r"\w+", (folder / "mine.toml").read_text()))


@pytest.mark.slow
@pytest.mark.parametrize("page", [page for page in PAGES if page not in QUICK])
def test_a_page_works_from_top_to_bottom(page, desk, tmp_path):
    shell = at_desk(desk, tmp_path)
    said = typed(page, shell)
    if page in CHECKS:
        CHECKS[page](said, shell.folder)


def test_every_check_has_its_page():
    assert set(CHECKS) <= set(PAGES)
    assert set(PAGES) >= QUICK


def small(command: str) -> str:
    """A command of the README for the files that are there; a study of it is a small one."""
    command = command.split("  #")[0]
    for name, stands in NAMES.items():
        command = command.replace(name, stands)
    name = command.removeprefix("python -m ablate ")
    command += next((more for start, more in SMALLER.items() if name.startswith(start)), "")
    return command + (SMALL if name.startswith("study") else "")


@pytest.mark.slow
def test_the_commands_of_the_readme_work(desk, tmp_path):
    shell = at_desk(desk, tmp_path)
    shutil.rmtree(shell.folder / "study")
    for _ in follow(blocks(HOW_TO / "judge-a-model.md")[:2], shell):
        pass  # scores.parquet
    page = ROOT / "README.md"
    for block in blocks(page):
        if block.language == "python":
            (shell.folder / "log_weight.py").write_text(block.text)
        if block.language == "sh" and not block.words:
            for command in map(small, [one for one in block.commands if not one.startswith("make ")]):
                code, told = shell.type(command)
                assert code == 0, f"{block}: {command}\n{told}"
    assert (shell.folder / "model" / "README.md").is_file()
    assert (shell.folder / "study" / "report" / "index.html").is_file()
    assert json.loads((shell.folder / "cuts.json").read_text())


def test_the_index_names_every_page():
    named = re.findall(r"\]\(([\w-]+)\.md\)", INDEX.read_text("utf-8"))
    assert sorted(named) == PAGES


@pytest.mark.parametrize("page", PAGES)
def test_a_page_is_short_and_says_what_to_do_when_it_fails(page):
    text = (HOW_TO / f"{page}.md").read_text("utf-8")
    prose = re.sub(r"^```(python|toml).*?^```$", "", text, flags=re.DOTALL | re.MULTILINE)
    assert len(prose.splitlines()) <= 70
    assert "## When it fails" in text
    assert "```sh" in text
