"""Commands that judge without a study: a trained model from its scores, weights from label counts."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer


def audit(
    scores: Annotated[Path, typer.Argument(help="Parquet or CSV: labels, split, and a column of scores per label.")],
    counts: Annotated[Path | None, typer.Option(help="Training counts: a file of label,count.")] = None,
    documents: Annotated[int | None, typer.Option(help="Training documents that were counted.")] = None,
    label_names: Annotated[
        Path | None, typer.Option(help="Names of the scores, in their order (needed where 'scores' is a list).")
    ] = None,
    labels: Annotated[str, typer.Option(help="Column of the labels.")] = "labels",
    label_separator: Annotated[str | None, typer.Option(help="What separates labels in one cell.")] = None,
    drop_unscored: Annotated[bool, typer.Option("--drop-unscored", help="Leave out labels without scores.")] = False,
    scale: Annotated[str | None, typer.Option(help="logits or probabilities (told from the scores).")] = None,
    alarms_per_document: Annotated[
        float | None, typer.Option(help="Alarms per document (as many as labels in training).")
    ] = None,
    cuts: Annotated[Path | None, typer.Option(help="Write the cuts to deploy here (JSON).")] = None,
    per_label: Annotated[Path | None, typer.Option(help="Write a table of all labels here (CSV).")] = None,
    format: Annotated[str, typer.Option(help="table or json.")] = "table",
) -> None:
    """Say what a trained model's scores are worth, without training: the cut, the model or the data?"""
    options: dict[str, Any] = dict(locals())
    from ablate.results.scores.show import show

    own = ("scores", "cuts", "per_label", "format")
    files = {name: path for name, path in (("cuts", cuts), ("per_label", per_label)) if path is not None}
    show(scores, {key: value for key, value in options.items() if key not in own}, files, format)


def diagnose(
    counts: Annotated[str, typer.Argument(help="A file of label,count, a data file or synthetic:PRESET.")],
    documents: Annotated[int | None, typer.Option(help="Training documents, where counts are given.")] = None,
    text: Annotated[str, typer.Option(help="Column of the texts, in a data file.")] = "text",
    labels: Annotated[str, typer.Option(help="Column of the labels, in a data file.")] = "labels",
    label_separator: Annotated[str | None, typer.Option(help="What separates labels in one cell.")] = None,
    label_columns: Annotated[str | None, typer.Option(help="0/1 columns a,b,c; * for all others.")] = None,
    format: Annotated[str, typer.Option(help="table or json.")] = "table",
) -> None:
    """Say from label counts alone whether weights will train, and what they will cost."""
    from ablate.results.weights.show import show

    show(counts, documents, text, labels, label_separator, label_columns, format)
