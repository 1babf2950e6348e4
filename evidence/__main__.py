"""``python -m evidence``: boards, tables and figures again from the committed records. Needs no data and no weights."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path

from ablate.results.folder import Read
from ablate.results.outputs import rewrite
from ablate.results.report import forest, gap
from ablate.results.report.drawing import framed
from ablate.results.report.figure import WIDE, Figure
from ablate.results.report.material import Material
from ablate.results.report.vector import document
from ablate.results.whole import write_whole
from evidence import agreed, doses, published, tables
from evidence.convex import OUT as CONTROL

RESULTS, TABLES, FIGURES = Path("results"), Path("results/evidence"), Path("docs/figures")
REUTERS = ("reuters-minilm", "remedies-reuters-bag")
DRAWN: Mapping[str, tuple[Callable[[Material], Figure | None], str]] = {
    "board-millions": (forest.figure, "forum-decision-full"),
    "board-cooking-bag": (forest.figure, "combined-cooking-bag"),
    "board-goemotions-bag": (forest.figure, "remedies-goemotions-bag"),
    "board-reuters-bag": (forest.figure, "remedies-reuters-bag"),
    "board-goemotions-minilm": (forest.figure, "goemotions-minilm"),
    "board-reuters-minilm": (forest.figure, "reuters-minilm"),
    "board-last-layers": (forest.figure, "cooking-last-layers-gpu"),
    "gap-millions": (gap.figure, "forum-decision-full"),
    "gap-decision": (gap.figure, "suggestions-forum-decision"),
    "gap-data": (gap.figure, "suggestions-forum-data"),
}
"""Figures of single studies: the name of the file, what it shows, and of which study."""


def main() -> None:
    """Write everything anew; what is committed is right if nothing changes."""
    folders = sorted(file.parent for file in RESULTS.glob("*/study.toml"))
    studies = {found.folder.name: found for found in rewrite(folders)}
    agreements = tables.agreements(studies)
    texts = {
        "convex-control": tables.convex(json.loads(CONTROL.read_text("utf-8"))),
        "agreement": tables.agreements_markdown(agreements),
        "reuters-published": published.markdown({name: studies[name] for name in REUTERS}),
        **{name: tables.ranks(studies, some) for name, some in tables.BOARDS.items()},
    }
    for name, text in texts.items():
        write_whole(TABLES / f"{name}.md", text.encode())
    drawn = {figure.name: figure for figure in (*doses.figures(doses.doses(studies)), agreed.figure(agreements))}
    drawn |= {name: _figure(name, studies[of]) for name, (_, of) in DRAWN.items()}
    for name, figure in drawn.items():
        write_whole(FIGURES / f"{name}.svg", as_file(figure))
    print(f"{len(studies)} boards, {len(texts)} tables, {len(drawn)} figures")


def as_file(figure: Figure) -> bytes:
    """A figure as SVG that stands alone."""
    return document(framed(figure.draw(WIDE), figure.heading), figure.heading, figure.alternative)


def _figure(name: str, found: Read) -> Figure:
    figure = DRAWN[name][0](Material(found))
    assert figure is not None, name
    heading = f"{found.board['study']}: {figure.heading[0].lower()}{figure.heading[1:]}"
    return Figure(name, heading, figure.caption, figure.alternative, figure.draw)


if __name__ == "__main__":
    main()
