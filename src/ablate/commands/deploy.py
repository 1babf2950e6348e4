"""Commands that take a study further: export its winner, apply that to documents, look at its trials."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def export(
    folder: Annotated[Path, typer.Argument(help="Output folder of a study.")],
    out: Annotated[Path, typer.Option(help="The model folder to write (a new one).")],
    strategy: Annotated[str | None, typer.Option(help="Strategy to export (the board's leader).")] = None,
    seed: Annotated[int | None, typer.Option(help="Seed of the confirming run (the best on validation).")] = None,
    data: Annotated[str | None, typer.Option(help="Where the study's data lie, where not found by name.")] = None,
    backbone: Annotated[str | None, typer.Option(help="Folder of the backbone, where the study had one.")] = None,
    plugin: Annotated[list[str] | None, typer.Option(help="Python file of the study's strategies; repeatable.")] = None,
    device: Annotated[str | None, typer.Option(help="cpu, cuda or cuda:N.")] = None,
    cache: Annotated[str | None, typer.Option(help="Folder of tokens and vectors.")] = None,
) -> None:
    """Write a trained strategy as a model folder, with its decision rule and a model card.

    The weights are those of --keep-weights, or of the recorded run made again. transformers' pipeline loads the folder
    where it has a class for the model; else it is said why not, and ablate predict does.
    """
    there = out.exists()
    try:
        from ablate.export.command import Order, export

        export(Order(folder, out, strategy, seed, data, backbone, tuple(plugin or ()), device, cache))
    except KeyboardInterrupt:
        whole = out.exists() and not there  # it came while the last lines were printed
        typer.echo(f"stopped; {f'{out} is written' if whole else 'nothing was written'}", err=True)
        raise typer.Exit(130) from None


def predict(
    model: Annotated[Path, typer.Argument(help="Model folder that export wrote.")],
    file: Annotated[Path, typer.Argument(help="Documents: Parquet, CSV, TSV or JSONL.")],
    out: Annotated[
        Path | None, typer.Option(help="Where to: .parquet, .csv, .tsv or .jsonl (JSONL to the terminal).")
    ] = None,
    text: Annotated[str, typer.Option(help="Column of the texts.")] = "text",
    device: Annotated[str | None, typer.Option(help="cpu, cuda or cuda:N.")] = None,
) -> None:
    """Apply an exported model: a row per document with the labels called and a score for every label.

    Scores are logits, in which the model's cuts are (for a softmax the logarithms of probabilities).
    """
    from ablate.export.predict import predict

    predict(model, file, out, text, device)


def dashboard(
    folder: Annotated[Path, typer.Argument(help="Output folder of a study.")],
    port: Annotated[int, typer.Option(min=1, max=65535)] = 8080,
    host: Annotated[str, typer.Option()] = "127.0.0.1",
    plugin: Annotated[list[str] | None, typer.Option(help="Python file of the study's strategies.")] = None,
) -> None:
    """Show a study's tuning trials with optuna-dashboard (extra: ablate[dashboard])."""
    from ablate.study.dashboard import dashboard

    dashboard(folder, host, port, plugin or [])
