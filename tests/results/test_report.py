"""The files of a report: whole, reproducible, self-contained."""

from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
import sys
import tomllib
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import pytest
from markupsafe import escape
from PIL import Image
from planted_studies import DOCUMENTS, confirm
from report_studies import PLAN, material, planted, write_plan

from ablate.errors import AblateError
from ablate.results.folder import read
from ablate.results.recommendation import recommend
from ablate.results.recommendation_words import words
from ablate.results.record import Records
from ablate.results.report import label_table
from ablate.results.report import page as pages
from ablate.results.report.origin import study_command
from ablate.results.report.write import contents, report

EVERY = (
    "intervals",
    "threshold",
    "frontier",
    "gap",
    "alarms",
    "frequency",
    "curves",
    "loss",
    "tuning",
    "effort",
    "cost",
)


class Parsed(HTMLParser):
    """Elements with their attributes, ids, and what scripts hold."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag == "script":
            self.scripts.append("")

    def handle_data(self, data: str) -> None:
        if self.cdata_elem == "script":
            self.scripts[-1] += data

    def values(self, *names: str) -> list[str]:
        return [str(attributes[name]) for _, attributes in self.elements for name in names if name in attributes]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return planted(tmp_path_factory.mktemp("study") / "planted")


@pytest.fixture(scope="module")
def files(folder: Path) -> dict[str, bytes]:
    return contents(folder)


def page_of(folder: Path) -> str:
    found = material(folder)
    return pages.page(found, pages.figures(found))


def digest(files: dict[str, bytes]) -> str:
    return hashlib.sha256(b"".join(name.encode() + data for name, data in sorted(files.items()))).hexdigest()


def test_the_same_records_give_the_same_bytes_in_another_process_without_torch(folder: Path, files: dict[str, bytes]):
    code = (
        "import sys, hashlib\nfrom pathlib import Path\nfrom ablate.results.report.write import contents\n"
        "files = contents(Path(sys.argv[1]))\n"
        "print(hashlib.sha256(b''.join(n.encode() + d for n, d in sorted(files.items()))).hexdigest())\n"
        "print(*[name for name in ('torch', 'transformers', 'optuna') if name in sys.modules])\n"
    )
    words = [sys.executable, "-c", code, str(folder)]
    environment = os.environ | {"PYTHONHASHSEED": "7", "TZ": "Asia/Tokyo"}
    done = subprocess.run(words, capture_output=True, text=True, timeout=300, check=True, env=environment)
    assert done.stdout.splitlines() == [digest(files), ""]


def test_a_report_is_a_page_the_labels_and_two_files_of_each_figure(files: dict[str, bytes]):
    figures = {f"figures/{name}.{kind}" for name in EVERY for kind in ("svg", "png")}
    assert set(files) == {"index.html", "labels.csv"} | figures


def test_nothing_on_the_page_points_outside(files: dict[str, bytes]):
    page = files["index.html"].decode()
    assert not re.search(r"https?://|//[a-z]+\.|@import|url\(", page)
    for target in Parsed(page).values("href", "src", "srcset", "action", "xlink:href", "data"):
        assert target in ("labels.csv", "data:,") or target.startswith("#")


def test_every_link_within_the_page_has_its_target_and_no_id_is_given_twice(files: dict[str, bytes]):
    page = Parsed(files["index.html"].decode())
    ids = page.values("id")
    assert len(ids) == len(set(ids))
    wanted = [target[1:] for target in page.values("href") if target.startswith("#")]
    wanted += [name for names in page.values("aria-labelledby") for name in names.split()]
    assert set(wanted) <= set(ids)


def test_each_figure_is_named_and_told_in_words(files: dict[str, bytes]):
    names = {"{http://www.w3.org/2000/svg}title", "{http://www.w3.org/2000/svg}desc"}
    for name in EVERY:
        root = ElementTree.fromstring(files[f"figures/{name}.svg"])
        said = {child.tag: (child.text or "").strip() for child in root if child.tag in names}
        assert set(said) == names
        assert all(said.values())
    assert files["index.html"].count(b"<figcaption>") == len(EVERY)
    assert files["index.html"].count(b'role="img"') == 2 * len(EVERY)  # for a desk and for a phone


def test_the_picture_is_the_drawing_at_twice_its_size(files: dict[str, bytes], tmp_path: Path):
    for name in EVERY:
        (tmp_path / "figure.png").write_bytes(files[f"figures/{name}.png"])
        root = ElementTree.fromstring(files[f"figures/{name}.svg"])
        picture = Image.open(tmp_path / "figure.png")
        assert picture.size == (2 * float(root.attrib["width"]), pytest.approx(2 * float(root.attrib["height"]), abs=1))
        colours = {colour for _, colour in picture.convert("RGB").getcolors(1 << 20)}
        for red, green, blue in ((255, 255, 255), (0, 0x72, 0xB2)):  # the paper, and the rows that are ranked
            assert any(abs(r - red) + abs(g - green) + abs(b - blue) <= 3 for r, g, b in colours)
        assert "date" not in picture.info
        assert "Software" not in picture.info


def test_the_page_says_alarms_intervals_and_runs(files: dict[str, bytes], folder: Path):
    page = files["index.html"].decode()
    board = material(folder).board
    assert f"{board['budget']['alarms_per_document']:.3g}" in page
    assert board["interval"] in page
    assert "runs of each strategy</dt><dd>4</dd>" in page
    assert "python -m ablate report" in page
    assert (folder / "study.toml").read_text().splitlines()[0].replace('"', "&#34;") in page


def test_the_page_says_what_to_do_before_it_shows_the_board(files: dict[str, bytes], folder: Path):
    text = files["index.html"].decode()
    for part in words(recommend(read(folder))):
        assert 0 < text.index(str(escape(part))) < text.index('<section id="board"')


def test_the_labels_on_the_page_are_those_of_the_csv(files: dict[str, bytes]):
    packed = json.loads(next(s for s in Parsed(files["index.html"].decode()).scripts if s.startswith("{")))
    lines = [line.split(",") for line in files["labels.csv"].decode().splitlines()[1:]]
    assert [s["name"] for s in packed["strategies"][:2]] == ["strong", "baseline"]
    for strategy in packed["strategies"]:
        table = {line[0]: line for line in lines if line[1] == strategy["name"]}
        for i, label in enumerate(packed["labels"]):
            _, _, train, test, recall, alarms, low, high, _ = table[label]
            assert (packed["train"][i], packed["test"][i]) == (int(train), int(test))
            found = [strategy[name][i] for name in ("recall", "low", "high", "alarms")]
            shown = [1000 * float(recall), 1000 * float(low), 1000 * float(high), 10 * float(alarms)]
            assert found == pytest.approx(shown, abs=0.501)
    assert packed["train"] == sorted(packed["train"])


def test_a_page_holds_so_many_labels_and_names_what_it_leaves_out(folder: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(label_table, "MOST", 36)  # of 12 labels
    table = label_table.packed(material(folder))
    assert [s["name"] for s in table["strategies"]][:2] == ["strong", "baseline"]
    assert len(table["strategies"]) == 3
    assert len(table["left_out"]) == 2


def test_a_label_cannot_break_out_of_the_page(tmp_path: Path):
    store = Records(tmp_path / "records")
    name = "</script><script>alert(1)</script><!-- \u2028"
    for arm in ("baseline", name):
        confirm(store, arm, 0, 3.0)
    write_plan(tmp_path, {"name": name})
    page = Parsed(page_of(tmp_path))
    assert len(page.scripts) == 2
    packed = json.loads(page.scripts[0])
    assert name in [s["name"] for s in packed["strategies"]]


def test_a_study_of_controls_alone_has_a_report(tmp_path: Path):
    store = Records(tmp_path / "records")
    confirm(store, "prior-only", 0, 0.0, kind="control", stability={}, curve={"steps": [], "macro": []})
    write_plan(tmp_path, {"name": "bare"})
    page = page_of(tmp_path)
    assert "Nothing is ranked" in page
    assert 'id="curves"' not in page


def test_a_study_without_a_baseline_has_a_report(tmp_path: Path):
    store = Records(tmp_path / "records")
    for arm, strength in (("one", 3.0), ("two", 4.0)):
        confirm(store, arm, 0, strength)
    write_plan(tmp_path, {"name": "free"})
    page = page_of(tmp_path)
    assert "there is no baseline to compare with" in page
    assert 'id="frontier"' in page
    assert 'id="intervals"' not in page


def test_writing_again_drops_stale_figures_and_nothing_else(
    folder: Path, files: dict[str, bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("ablate.results.report.write.contents", lambda folder: files)
    out = tmp_path / "out"
    (out / "figures").mkdir(parents=True)
    for name in ("figures/dose.svg", "figures/mine.svg", "notes.txt"):
        (out / name).write_text("old")
    report(folder, out)
    found = {p.relative_to(out).as_posix() for p in out.rglob("*") if p.is_file()}
    assert (out / "index.html").read_bytes() == files["index.html"]
    assert found == {*files, "figures/mine.svg", "notes.txt"}


def test_without_the_extra_nothing_is_written(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("ablate.results.report.write.NEEDED", ("jinja2", "a_package_that_is_not_there"))
    with pytest.raises(AblateError, match=r"pip install 'ablate\[report\]'"):
        report(folder, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_mistakes_are_named(folder: Path, files: dict[str, bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "file").write_text("mine")
    with pytest.raises(AblateError, match="is a file; give a folder"):
        report(folder, tmp_path / "file")
    with pytest.raises(AblateError, match=r"has no study\.toml"):
        report(tmp_path / "nowhere")
    write_plan(tmp_path, {"name": "empty"})
    with pytest.raises(AblateError, match="has no finished record"):
        report(tmp_path)
    monkeypatch.setattr("ablate.results.report.write.contents", lambda folder: files)
    with pytest.raises(AblateError, match="cannot be written"):
        report(folder, tmp_path / "file" / "report")
    assert (tmp_path / "file").read_text() == "mine"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["file", "study.toml"]


def test_the_command_on_the_page_asks_for_the_same_plan(monkeypatch: pytest.MonkeyPatch):
    import shlex

    from ablate.cli import main
    from ablate.study import command
    from ablate.study.plan import make

    plan = tomllib.loads(
        'name = "a b"\ndata = "my mails.csv"\ndata_sha256 = "ab"\nlabel_columns = ["x", "y z"]\ntrials = 3\nrho = 0.5\n'
        'strategies = ["baseline", "focal"]\nkeep_weights = true\nplugin = ["one.py", "two.py"]\n'
        '[set]\n"loss.gamma" = 2.0\n'
    )
    caught = {}
    monkeypatch.setattr(command, "run", lambda *given: caught.update(plan=command.plan_of(*given)))
    monkeypatch.setattr(sys, "argv", shlex.split(study_command(plan))[2:])
    with pytest.raises(SystemExit):
        main()
    assert caught["plan"] == make(plan)


def test_documents_of_the_test_are_said(files: dict[str, bytes]):
    assert f"documents of the test</dt><dd>{DOCUMENTS}</dd>" in files["index.html"].decode()
    assert PLAN["name"] in files["index.html"].decode()


def test_a_design_has_its_effects_on_the_page(tmp_path: Path):
    store = Records(tmp_path / "records")
    for parts, strength in (([], 3.0), (["a"], 4.0), (["b"], 3.2), (["a", "b"], 4.4)):
        place = {"name": "pairwise", "among": ["a", "b"], "parts": parts}
        for seed in range(2):
            confirm(store, "+".join(parts) or "baseline", seed, strength, design=place)
    write_plan(tmp_path, PLAN)
    shown = pages.page(material(tmp_path), [])
    assert "Main effects and interactions (pairwise)" in shown
    assert '<th scope="row">a x b</th>' in shown


def test_a_study_without_a_design_has_no_such_section(tmp_path: Path):
    assert 'id="effects"' not in pages.page(material(planted(tmp_path)), [])
