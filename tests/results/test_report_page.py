"""The page in a headless Chromium: silent, self-contained, sortable, searchable, usable by keyboard and on a phone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import chromium
import pytest
from report_studies import material, planted

from ablate.results.report.page import figures, page

PROGRAM = chromium.found()
pytestmark = pytest.mark.skipif(PROGRAM is None, reason=f"no Chromium on the path ({', '.join(chromium.NAMES)})")

NAMES = "[...document.querySelectorAll('#board-table tbody tr')].filter(r => r.dataset.name && !r.hidden)"
LABELS = "[...document.querySelectorAll('#labels-table tbody tr')].map(r => [...r.cells].map(c => c.textContent))"


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = planted(tmp_path_factory.mktemp("study") / "planted")
    found = material(folder)
    path = folder / "index.html"
    path.write_text(page(found, figures(found)))
    return path


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[chromium.Chromium]:
    with chromium.Chromium(str(PROGRAM), tmp_path_factory.mktemp("profile")) as found:
        yield found


@pytest.fixture
def opened(browser: chromium.Chromium, written: Path) -> chromium.Chromium:
    browser.open(written.as_uri())
    return browser


def names(browser: chromium.Chromium) -> list[str]:
    return browser.run(f"{NAMES}.map(r => r.dataset.name)")


def column(browser: chromium.Chromium, title: str) -> int:
    heads = "[...document.querySelectorAll('#board-table thead th')].map(h => h.textContent.trim())"
    return next(i for i, head in enumerate(browser.run(heads)) if head.startswith(title))


def click_head(browser: chromium.Chromium, table: str, place: int) -> str:
    head = f"document.querySelectorAll('#{table} thead th')[{place}]"
    browser.run(f"{head}.querySelector('button').click()")
    return browser.run(f"{head}.getAttribute('aria-sort')")


def test_the_page_is_silent_and_asks_for_nothing(browser: chromium.Chromium, written: Path):
    browser.requests.clear()
    for width, scheme in ((1200, "light"), (390, "dark")):
        browser.open(written.as_uri(), width, scheme=scheme)
        browser.run("document.querySelectorAll('button, summary').forEach(b => b.click())")
    assert set(browser.requests) == {written.as_uri()}
    assert browser.complaints == []
    browser.run("localStorage.clear()")


def test_every_column_of_the_board_sorts_both_ways(opened: chromium.Chromium):
    assert names(opened)[:1] == ["strong"]
    heads = opened.run("document.querySelectorAll('#board-table thead th').length")
    values = f"{NAMES}.map(r => r.cells[COLUMN].dataset.value)"
    seen = set()
    for place in range(heads):
        for _ in range(2):
            way = click_head(opened, "board-table", place)
            found = opened.run(values.replace("COLUMN", str(place)))
            there = [v for v in found if v != ""]
            assert found == there + [""] * (len(found) - len(there))  # what is missing comes last
            keyed = sorted(there, key=(str if any(not number(v) for v in there) else float))
            assert there == (keyed if way == "ascending" else keyed[::-1])
            seen.add(way)
            assert opened.run("document.querySelectorAll('#board-table [aria-sort]').length") == 1
    assert seen == {"ascending", "descending"}


def number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def test_the_best_of_a_column_comes_first(opened: chromium.Chromium):
    macro = column(opened, "macro recall")
    assert click_head(opened, "board-table", macro) == "descending"
    *values, broken = opened.run(f"{NAMES}.map(r => r.cells[{macro}].dataset.value)")
    assert broken == ""  # no run of it finished
    values = [float(v) for v in values]
    assert values == sorted(values, reverse=True)
    assert click_head(opened, "board-table", column(opened, "worst dip")) == "ascending"


def test_rows_are_filtered_by_group_by_what_they_set_and_by_name(opened: chromium.Chromium):
    everything = names(opened)
    choose = "(id, v) => {const e = document.getElementById(id); e.value = v; e.dispatchEvent(new Event('change'))}"
    opened.run(f"({choose})('group', 'control')")
    assert names(opened) == ["prior-only"]
    assert opened.run("document.getElementById('board-status').textContent") == f"1 of {len(everything)} rows"
    opened.run(f"({choose})('group', '')")
    opened.run(f"({choose})('tag', 'control')")
    assert names(opened) == ["prior-only"]
    opened.run(f"({choose})('tag', '')")
    opened.run("document.getElementById('find').focus()")
    opened.type("STRO")
    assert names(opened) == ["strong"]


def test_the_lines_between_groups_are_there_only_in_the_order_of_the_board(opened: chromium.Chromium):
    shown = "[...document.querySelectorAll('#board-table tr.title')].some(r => r.offsetHeight > 0)"
    assert opened.run(shown) is True
    click_head(opened, "board-table", 1)
    assert opened.run(shown) is False


def test_more_columns_are_shown_when_asked_for(opened: chromium.Chromium):
    shown = "[...document.querySelectorAll('#board-table thead th')].filter(h => h.offsetWidth > 0).length"
    few = opened.run(shown)
    opened.run("document.getElementById('more').click()")
    assert opened.run(shown) == opened.run("document.querySelectorAll('#board-table thead th').length") > few


def test_labels_are_searched_sorted_and_compared(opened: chromium.Chromium):
    assert len(opened.run(LABELS)) == 12
    opened.run("document.getElementById('label-find').focus()")
    opened.type("LABEL 1")
    assert [row[0] for row in opened.run(LABELS)] == ["label 1", "label 10", "label 11"]
    assert opened.run("document.getElementById('labels-status').textContent") == "3 of 3 labels found among 12"
    assert click_head(opened, "labels-table", 1) == "ascending"
    assert click_head(opened, "labels-table", 1) == "descending"
    counts = [int(row[1]) for row in opened.run(LABELS)]
    assert counts == sorted(counts, reverse=True)
    before = opened.run(LABELS)
    opened.run("(e => {e.value = '0'; e.dispatchEvent(new Event('change'))})(document.getElementById('two'))")
    assert [row[6] for row in opened.run(LABELS)] == ["0.0"] * 3  # a strategy compared with itself
    assert [row[:5] for row in opened.run(LABELS)] == [row[:5] for row in before]


def test_the_page_is_used_by_keyboard_alone(opened: chromium.Chromium):
    opened.press("Tab", 9)
    assert opened.run("document.activeElement.className") == "skip"
    assert opened.run("getComputedStyle(document.activeElement).left") == "16px"  # it comes into sight
    reached = set()
    for _ in range(80):
        opened.press("Tab", 9)
        reached.add(opened.run("document.activeElement.closest('th') ? 'head' : document.activeElement.id"))
    assert {"theme", "group", "tag", "find", "more", "head"} <= reached
    opened.run("document.querySelectorAll('#board-table thead button')[2].focus()")
    assert opened.run("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    opened.press("Enter", 13)
    assert opened.run("document.activeElement.closest('th').getAttribute('aria-sort')") == "descending"
    opened.press(" ", 32)
    assert opened.run("document.activeElement.closest('th').getAttribute('aria-sort')") == "ascending"


def test_the_theme_follows_the_system_until_it_is_chosen(browser: chromium.Chromium, written: Path):
    paper = "getComputedStyle(document.body).backgroundColor"
    browser.open(written.as_uri(), scheme="dark")
    dark = browser.run(paper)
    browser.open(written.as_uri(), scheme="light")
    light = browser.run(paper)
    assert light != dark
    toggle = "document.getElementById('theme').click()"
    browser.run(f"{toggle}; {toggle}")
    assert browser.run("document.getElementById('theme').textContent") == "Theme: dark"
    assert browser.run(paper) == dark
    browser.open(written.as_uri(), scheme="light")
    assert browser.run(paper) == dark  # the choice is kept
    browser.run(toggle)
    assert browser.run(paper) == light
    browser.run("localStorage.clear()")


@pytest.mark.parametrize(("width", "style", "other"), [(1200, "wide", "narrow"), (390, "narrow", "wide")])
def test_figures_fit_the_window_and_their_text_stays_readable(
    browser: chromium.Chromium, written: Path, width: int, style: str, other: str
):
    browser.open(written.as_uri(), width)
    assert browser.run("document.documentElement.scrollWidth") == width  # nothing pushes the page sideways
    shown = f"[...document.querySelectorAll('svg.{style}')].every(s => s.getBoundingClientRect().width > 0)"
    assert browser.run(shown)
    assert browser.run(f"[...document.querySelectorAll('svg.{other}')].every(s => !s.getBoundingClientRect().width)")
    heights = f"[...document.querySelectorAll('svg.{style} text')].map(t => t.getBoundingClientRect().height)"
    assert min(browser.run(heights)) >= 11


def test_no_text_of_a_figure_is_cut_off(browser: chromium.Chromium, written: Path):
    outside = """[...document.querySelectorAll('svg.STYLE')].flatMap(s => { const b = s.getBoundingClientRect();
        return [...s.querySelectorAll('text')].filter(t => { const r = t.getBoundingClientRect();
        return r.left < b.left - 1 || r.right > b.right + 1 || r.top < b.top - 1 || r.bottom > b.bottom + 1; })
        .map(t => s.querySelector('title').textContent + ': ' + t.textContent); })"""
    for width, style in ((1200, "wide"), (390, "narrow")):
        browser.open(written.as_uri(), width)
        assert browser.run(outside.replace("STYLE", style)) == []


def test_without_scripts_the_tables_are_there_and_no_dead_control(browser: chromium.Chromium, written: Path):
    browser.open(written.as_uri(), scripts=False)
    assert len(names(browser)) == 6
    assert len(browser.run(LABELS)) == 12
    dead = "[...document.querySelectorAll('button, select, input[type=search]')].filter(e => e.offsetHeight > 0).length"
    assert browser.run(dead) == 0
    assert browser.run("document.querySelector('a[href=\"labels.csv\"]').offsetHeight > 0")


def test_a_page_of_labels_is_shown_at_a_time(browser: chromium.Chromium, tmp_path: Path, written: Path):
    import json
    import re

    text = written.read_text()
    packed = json.loads(re.search(r'id="labels-json">(.*?)</script>', text, re.DOTALL).group(1))
    many = 130
    for name in ("train", "test"):
        packed[name] = [1] * many
    packed["labels"] = [f"label {i}" for i in range(many)]
    for strategy in packed["strategies"]:
        strategy |= {name: [None] * many for name in ("recall", "low", "high")} | {"alarms": [0] * many}
    path = tmp_path / "many.html"
    whole = re.compile(r'(id="labels-json">).*?(</script>)', re.DOTALL)
    path.write_text(whole.sub(lambda found: found[1] + json.dumps(packed) + found[2], text))
    browser.open(path.as_uri())
    assert len(browser.run(LABELS)) == 50
    browser.run("document.getElementById('labels-more').click()")
    assert len(browser.run(LABELS)) == many
    assert browser.run("document.getElementById('labels-more').hidden") is True
