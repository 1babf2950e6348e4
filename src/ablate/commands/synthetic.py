"""Commands that make synthetic data: write, calibrate, and build in the likeness of real data."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer


def synth(
    spec: Annotated[str, typer.Argument(help="Preset (such as quickstart) or spec (TOML).")],
    out: Annotated[Path, typer.Option(help="Output folder.")],
    documents: Annotated[int | None, typer.Option(help="Documents of train, validation and test together.")] = None,
    workers: Annotated[int, typer.Option(help="Processes; the bytes do not depend on it.")] = 1,
) -> None:
    """Write a synthetic data set and its exact posterior as Parquet, in chunks.

    Start the same command again to go on where it stopped.
    """
    try:
        from ablate.synthesis.command import run

        run(spec, out, documents, workers)
    except KeyboardInterrupt:
        typer.echo("stopped; every finished chunk is kept: start the same command again to go on", err=True)
        raise typer.Exit(130) from None


def calibrate(
    spec: Annotated[str, typer.Argument(help="Preset (such as forum-data-small) or spec (TOML).")],
    micro: Annotated[float, typer.Option(help="Micro recall at 0.5 to reach, per cent.")] = 70,
    macro: Annotated[float, typer.Option(help="Macro recall at 0.5 to reach, per cent.")] = 45,
    documents: Annotated[int | None, typer.Option(help="Another number of documents; needs --out.")] = None,
    spread: Annotated[
        str, typer.Option(help="What moves macro: evidence.slope or keywords.tail; evidence.level moves micro.")
    ] = "evidence.slope",
    seeds: Annotated[int, typer.Option(help="Seeds that confirm what the search found.")] = 3,
    trainings: Annotated[int, typer.Option(help="Most trainings of the search.")] = 12,
    steps: Annotated[int, typer.Option(help="Training steps, 256 documents each.")] = 3_000,
    workers: Annotated[int, typer.Option(help="Processes of the confirming trainings; one thread each.")] = 1,
    out: Annotated[
        Path | None, typer.Option(help="Write the card here and leave the spec's file as it is (else beside it).")
    ] = None,
) -> None:
    """Make plain cross-entropy reach given recalls on a synthetic spec, and write down what it reached.

    Start the same command again to go on where it stopped.
    """
    try:
        from ablate.study.calibrate.command import Order, run

        run(Order(spec, micro, macro, documents, spread, seeds, trainings, steps, workers, out))
    except KeyboardInterrupt:
        typer.echo("stopped; every finished training is kept: start the same command again to go on", err=True)
        raise typer.Exit(130) from None


def twin(
    source: Annotated[str, typer.Argument(help="A file of label,count, or a data file, folder or hub:owner/name.")],
    out: Annotated[Path, typer.Option(help="The spec to write (a new .toml file).")],
    documents: Annotated[int | None, typer.Option(help="Training documents, where counts are given.")] = None,
    scale_to: Annotated[
        int | None,
        typer.Option(help="Documents of train, validation and test together (as many as there are)."),
    ] = None,
    name: Annotated[str, typer.Option(help="Name of the spec.")] = "twin",
    text: Annotated[str, typer.Option(help="Column of the texts, in a data file.")] = "text",
    labels: Annotated[str, typer.Option(help="Column of the labels, in a data file.")] = "labels",
    label_separator: Annotated[str | None, typer.Option(help="What separates labels in one cell.")] = None,
    label_columns: Annotated[str | None, typer.Option(help="0/1 columns a,b,c; * for all others.")] = None,
    group: Annotated[str | None, typer.Option(help="Column whose values stay in one split.")] = None,
    split_seed: Annotated[int, typer.Option(help="Seed of the splits that the data lack.")] = 0,
    quick_model: Annotated[
        bool, typer.Option("--quick-model/--no-quick-model", help="Compare the recall of a linear model on both.")
    ] = True,
    match_recall: Annotated[
        bool, typer.Option("--match-recall", help="Fit the evidence to a linear model's micro recall (minutes).")
    ] = False,
) -> None:
    """Make a synthetic spec that is like your data and holds no text or name of it; say how near it is.

    From counts alone labels are independent; from data, co-occurrence, cardinality and lengths are matched too.
    """
    options: dict[str, Any] = dict(locals())
    from ablate.study.twin import run

    run(**options)
