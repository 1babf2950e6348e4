"""The documentation names no command, option or file that is not there, and every block of commands is run or says why
not."""

import re
import shlex
from pathlib import Path

import pytest
import typer
from pages import DOCS, ROOT, Block, blocks, pages

from ablate.cli import app

#: Why a block is not run by a test: the word behind ```sh.
REASONS = {
    "needs-gpu": "a CUDA device",
    "needs-hub": "the network, and files of somebody else",
    "needs-cluster": "a database that several machines reach",
    "needs-browser": "somebody who looks at it",
    "takes-hours": "hours of a core",
    "sets-up": "makes the environment that runs the tests",
}
#: Pages whose commands a test runs from top to bottom, and the tests that do.
RUN = {
    "README.md": "test_how_to.py",
    "docs/tutorial.md": "test_tutorial.py",
    "docs/plugins.md": "test_plugin_guide.py",
    "docs/leaderboard.md": "test_commands.py",
    "docs/how-to/*.md": "test_how_to.py",
}
#: Options of other programs that pages name.
OTHERS = {"--array", "--signal", "--short", "--nnodes", "--nproc-per-node", "--rdzv-endpoint", "--rdzv-backend"}

GROUP = typer.main.get_command(app)
OPTIONS = {
    name: {flag for one in command.params for flag in (*one.opts, *one.secondary_opts) if flag.startswith("-")}
    for name, command in GROUP.commands.items()
}
EVERY = set().union(*OPTIONS.values(), {"--help", "--version"})

PAGES = [*pages(), ROOT / "CONTRIBUTING.md"]
SOURCES = sorted((ROOT / "src" / "ablate").rglob("*.py"))


def name_of(page: Path) -> str:
    return str(page.relative_to(ROOT))


def told(page: Path) -> list[str]:
    """What a page tells to type: the lines of its blocks and its code within lines."""
    lines = [line for block in blocks(page) for line in block.text.replace("\\\n", " ").splitlines()]
    prose = re.sub(r"^```.*?^```$", "", page.read_text("utf-8"), flags=re.DOTALL | re.MULTILINE)
    return lines + [" ".join(span.split()) for span in re.findall(r"`([^`]+)`", prose)]


def unknown(words: str) -> str | None:
    """What is wrong with the words behind ``python -m ablate``; None where nothing is."""
    words = words.split(" #")[0]
    try:
        found = shlex.split(words)
    except ValueError:  # the words stand within a string of another language
        found = words.split()
    found = [word.rstrip(".,;:)\"'") for word in found]
    if not found or found[0] in ("COMMAND", "X", "...") or set(found[0]) & set("{[<"):
        return None
    if found[0].startswith("-"):
        return None if found[0] in ("-h", "--help", "--version") else f"no option {found[0]}"
    if found[0] not in OPTIONS:
        return f"no command {found[0]!r}"
    flags = [word.split("=")[0] for word in found[1:] if re.match(r"--[a-z]", word)]
    wrong = [flag for flag in flags if flag not in OPTIONS[found[0]] and flag != "--help"]
    return f"{found[0]} has no option {wrong[0]}" if wrong else None


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_a_page_names_only_commands_and_options_that_exist(page):
    for code in told(page):
        for words in re.findall(r"python -m ablate (.*?)(?=python -m ablate|[|;>&]|$)", code):
            assert unknown(words) is None, f"{code}: {unknown(words)}"


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_an_option_that_a_page_names_belongs_to_some_command(page):
    prose = re.sub(r"^```.*?^```$", "", page.read_text("utf-8"), flags=re.DOTALL | re.MULTILINE)
    for span in re.findall(r"`([^`]+)`", prose):
        if span.split()[0] in OPTIONS:
            assert unknown(" ".join(span.split())) is None, f"{span}: {unknown(span)}"
        for flag in re.findall(r"^--[a-z][\w-]*", span):
            assert flag in EVERY | OTHERS, span


def test_messages_of_the_code_name_only_commands_that_exist():
    for source in SOURCES:
        for words in re.findall(r"python -m ablate ([^\"`\n;]*)", source.read_text("utf-8")):
            assert unknown(words) is None, f"{name_of(source)}: {words}: {unknown(words)}"


def test_what_is_wrong_is_found():
    assert unknown("study --data FILE") is None
    assert unknown("studdy --data FILE") == "no command 'studdy'"
    assert unknown("study --dta=FILE") == "study has no option --dta"
    assert unknown("leaderboard DIR --rho 2  # twice") == "leaderboard has no option --rho"


def commands(page: Path) -> list[Block]:
    return [block for block in blocks(page) if block.language in ("sh", "bash")]


@pytest.mark.parametrize("page", pages(), ids=name_of)
def test_a_block_of_commands_is_run_by_a_test_or_says_why_not(page):
    is_run = any(page.match(pattern) for pattern in RUN)
    for block in commands(page):
        if block.language == "bash":
            # a page of blocks that need a cluster says below each which of them were run
            assert name_of(page) == "docs/cluster.md", f"{block}: write ```sh, and let a test run it"
        elif block.words not in ("", "fails"):
            assert block.words in REASONS, f"{block}: ```sh {block.words} is none of {', '.join(REASONS)}"
        else:
            assert is_run, f"{block}: no test runs it; say why behind ```sh: {', '.join(REASONS)}"


@pytest.mark.parametrize("page", pages(), ids=name_of)
def test_a_link_leads_somewhere(page):
    text = re.sub(r"^```.*?^```$", "", page.read_text("utf-8"), flags=re.DOTALL | re.MULTILINE)
    for target, anchor in re.findall(r"\]\(([^)#\s]*)(#[\w-]+)?\)", text):
        if "://" in target:
            continue
        leads = (page.parent / target).resolve() if target else page
        assert leads.exists(), target
        if anchor and leads.suffix == ".md":
            heads = re.findall(r"^#+ (.*)$", leads.read_text("utf-8"), re.MULTILINE)
            assert anchor[1:] in {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}, anchor


def test_every_page_is_reached_from_the_index():
    text = (DOCS / "README.md").read_text("utf-8")
    linked = {(DOCS / target).resolve() for target in re.findall(r"\]\(([^)#\s]+)", text) if "://" not in target}
    missing = [
        name_of(page) for page in DOCS.rglob("*.md") if page.resolve() not in linked and page.name != "README.md"
    ]
    assert [name for name in missing if not name.startswith("docs/decisions/")] == []
    assert "docs/README.md" in (ROOT / "README.md").read_text("utf-8")
