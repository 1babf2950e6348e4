"""The page: everything in one file, nothing fetched."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib import resources
from typing import Any

from markupsafe import Markup

from ablate.results import effects_table
from ablate.results.board import Board
from ablate.results.columns import amount
from ablate.results.recommendation import recommend
from ablate.results.recommendation_words import words
from ablate.results.report import (
    board_table,
    budgets,
    cost,
    curves,
    dose,
    effort,
    forest,
    frequency,
    frontier,
    gap,
    history,
    label_table,
    origin,
    threshold,
)
from ablate.results.report.drawing import TONES
from ablate.results.report.figure import NARROW, WIDE, Figure
from ablate.results.report.material import Material
from ablate.results.report.vector import inline
from ablate.results.story import footnotes, headline, sentence

FIGURES: tuple[tuple[str, Callable[[Material], Figure | None]], ...] = (
    ("intervals", forest.figure),
    ("threshold", threshold.figure),
    ("frontier", frontier.figure),
    ("gap", gap.figure),
    ("alarms", budgets.figure),
    ("frequency", frequency.figure),
    ("dose", dose.figure),
    ("curves", curves.macro),
    ("loss", curves.loss),
    ("tuning", history.figure),
    ("effort", effort.figure),
    ("cost", cost.figure),
)
"""Names of all figures, in the order of the page; one that a study has nothing for is left out."""


def figures(material: Material) -> list[Figure]:
    """The figures that this study has."""
    return [found for _, make in FIGURES if (found := make(material)) is not None]


def page(material: Material, shown: Sequence[Figure]) -> str:
    """The whole page as HTML."""
    import jinja2

    loader = jinja2.FunctionLoader(_asset)
    sheet = jinja2.Environment(loader=loader, autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True)
    sheet.globals["drawn"] = _drawn
    return sheet.get_template("page.html.j2").render(_contents(material, shown)) + "\n"


def _asset(name: str) -> str:
    return resources.files("ablate.results.report").joinpath(name).read_text("utf-8")


def _contents(material: Material, shown: Sequence[Figure]) -> dict[str, Any]:
    lines = board_table.lines(material)
    table = label_table.packed(material)
    return {
        "style": Markup(_colours() + _asset("page.css")),
        "code": Markup(_asset("page.js")),
        "board": material.board,
        "headline": headline(material.board),
        "sentence": sentence(material.board),
        "advice": words(recommend(material.found)),
        "facts": _facts(material),
        "notes": footnotes(material.board),
        "headings": board_table.HEADINGS,
        "lines": lines,
        "groups": board_table.groups(lines),
        "tags": sorted({tag for line in lines for tag in line.tags}),
        "effects": _effects(material.board),
        "figures": shown,
        "labels": table,
        "labels_json": Markup(label_table.script(table)),
        "first_lines": label_table.first_lines(table),
        "commands": origin.commands(material),
        "plan": (material.found.folder / "study.toml").read_text("utf-8"),
        "sources": origin.sources(material),
        "environments": origin.environments(material.found.bodies),
        "skipped": material.found.records.skipped,
        "parameters": [(arm.name, arm.row["parameters"]) for arm in material.arms if arm.row["parameters"]],
    }


def _facts(material: Material) -> list[tuple[str, str]]:
    """What has to be known before any figure is read."""
    dataset, alarms = material.board["dataset"], material.board["budget"]["alarms_per_document"]
    runs = sorted({arm.row["runs"] for arm in material.scored if not arm.control})
    span = "-" if not runs else str(runs[0]) if len(runs) == 1 else f"{runs[0]} to {runs[-1]}"
    return [
        ("alarms per document, for every row", "-" if alarms is None else f"{alarms:.3g}"),
        ("labels", f"{dataset.get('labels') or 0:,}"),
        ("documents to train on", f"{dataset.get('train_documents') or 0:,}"),
        ("documents of the test", f"{dataset.get('test_documents') or 0:,}"),
        ("runs of each strategy", span),
        ("tuning trials of each", amount(float(material.board["selection"]["trials"])).removesuffix(".0")),
    ]


def _effects(board: Board) -> dict[str, Any] | None:
    """The table of the parts of a design; None where the study has none."""
    found = board.get("effects")
    if not found:
        return None
    heads, rows = effects_table.table(found)
    return {"title": effects_table.title(found), "heads": heads, "rows": rows, "notes": effects_table.notes(found)}


def _colours() -> str:
    """The tones as variables of the style sheet, in both themes."""
    light, dark = ("".join(f"--{name}:{pair[i]};" for name, pair in TONES.items()) for i in (0, 1))
    return (
        f":root{{color-scheme:light;{light}}}\n"
        f"@media (prefers-color-scheme:dark){{:root:not([data-theme=light]){{color-scheme:dark;{dark}}}}}\n"
        f":root[data-theme=dark]{{color-scheme:dark;{dark}}}\n"
    )


def _drawn(figure: Figure) -> Markup:
    """The figure twice, for a desk and for a phone; the style sheet shows one of them."""
    wide, narrow = (
        inline(figure.draw(width), f"{figure.name}-{style}", figure.heading, figure.alternative, style)
        for width, style in ((WIDE, "wide"), (NARROW, "narrow"))
    )
    return Markup(wide + narrow)
