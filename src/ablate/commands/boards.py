"""Commands that read a study's records: its board, its gap, its advice, its report."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def leaderboard(
    folders: Annotated[list[Path], typer.Argument(help="Output folder of a study; several stand side by side.")],
    format: Annotated[str | None, typer.Option(help="table, md, csv, json or tex (table).")] = None,
    wide: Annotated[bool, typer.Option("--wide", help="All columns.")] = False,
    tag: Annotated[
        list[str] | None,
        typer.Option(help="Only strategies with this tag (forum, loss, sampler ...), and references; repeatable."),
    ] = None,
    decisions: Annotated[
        bool, typer.Option("--decisions", help="Strategies by decision rules instead: table, md or json.")
    ] = False,
    threshold: Annotated[
        bool,
        typer.Option("--threshold", help="Which gains merely shift the threshold instead: table, md, csv or json."),
    ] = False,
    write: Annotated[
        bool, typer.Option("--write", help="Write the boards in the folders again, from their records alone.")
    ] = False,
) -> None:
    """Print the board of a study from its records, or several studies side by side with average ranks.

    leaderboard.json and recommendation.json have JSON Schemas: see docs/leaderboard.md.
    """
    from ablate.errors import AblateError
    from ablate.results.show import show, show_across, show_written

    instead = [name for name, given in (("decisions", decisions), ("threshold", threshold)) if given]
    printed = [*instead, *(name for name, given in (("format", format), ("wide", wide), ("tag", tag)) if given)]
    if write:
        show_written(folders, printed)
    elif len(folders) == 1:
        show(folders[0], format or "table", wide, instead, tag or ())
    elif instead:
        raise AblateError(f"--{instead[0]} is a table of one study; give one output folder")
    else:
        show_across(folders, format or "table", wide, tag or ())


def gap(
    folders: Annotated[
        list[Path], typer.Argument(help="Output folder of a study; more of other --documents add a learning curve.")
    ],
    format: Annotated[str, typer.Option(help="table, md, csv or json.")] = "table",
) -> None:
    """Say why macro recall at 0.5 is low: data, training or the decision rule?"""
    from ablate.results.decomposition_show import show

    show(folders, format)


def agreement(
    cheap: Annotated[Path, typer.Argument(help="Output folder of the cheap study.")],
    dear: Annotated[Path, typer.Argument(help="Output folder of the dear one, with the same strategies.")],
    format: Annotated[str, typer.Option(help="table, md or json.")] = "table",
) -> None:
    """Say whether a cheap study orders strategies as a dear one does: Kendall's tau, and what trusting it costs."""
    from ablate.results.agreement_show import show

    show(cheap, dear, format)


def recommend(
    folder: Annotated[Path, typer.Argument(help="Output folder of a study.")],
    format: Annotated[str, typer.Option(help="text or json.")] = "text",
) -> None:
    """Say what a study advises: what to do first, which strategy, at what gain and price."""
    from ablate.results.recommendation_show import show

    show(folder, format)


def report(
    folder: Annotated[Path, typer.Argument(help="Output folder of a study.")],
    out: Annotated[Path | None, typer.Option(help="Folder of the report (DIR/report).")] = None,
) -> None:
    """Write one offline HTML page about a study, with its figures as SVG and PNG."""
    from ablate.results.report.write import report

    report(folder, out)
