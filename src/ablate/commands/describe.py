"""Commands that say what is there: strategies, data, this machine."""

from __future__ import annotations

from typing import Annotated, Any

import typer


def strategies(
    name: Annotated[str | None, typer.Argument(help="One strategy, in full.")] = None,
    format: Annotated[str, typer.Option(help="table or json.")] = "table",
    plugin: Annotated[list[str] | None, typer.Option(help="Python file with more strategies.")] = None,
) -> None:
    """List the strategies, or describe one: what it changes, source, parameters and ranges."""
    from ablate.listing import show

    show(name, format, plugin or [])


def data(
    source: Annotated[str, typer.Argument(help="File, folder, hub:owner/name or synthetic:PRESET.")],
    text: Annotated[str, typer.Option(help="Column of the texts.")] = "text",
    labels: Annotated[str, typer.Option(help="Column of the labels.")] = "labels",
    label_separator: Annotated[str | None, typer.Option(help="What separates labels in one cell.")] = None,
    label_columns: Annotated[str | None, typer.Option(help="0/1 columns a,b,c; * for all others.")] = None,
    group: Annotated[str | None, typer.Option(help="Column whose values stay in one split.")] = None,
    split_seed: Annotated[int, typer.Option(help="Seed of the splits that the data lack.")] = 0,
    documents: Annotated[int | None, typer.Option(help="A subset of this size that keeps the tail.")] = None,
    max_length: Annotated[int | None, typer.Option(help="Longest document in tokens.")] = None,
    backbone: Annotated[str | None, typer.Option(help="Whose tokens to count.")] = None,
) -> None:
    """Describe a data set: documents, labels, tail, splits, lengths."""
    options: dict[str, Any] = dict(locals())
    from ablate.study.inspect import describe_data

    describe_data(**options)


def doctor() -> None:
    """Say what is here: device, threads, precision, weights, versions, cache."""
    from ablate.study.inspect import examine_machine

    examine_machine()
