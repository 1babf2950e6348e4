"""Commands about a study that is going on, here or on many machines."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer


def worker(
    study: Annotated[str, typer.Option(help="Name of the study.")],
    storage: Annotated[str, typer.Option(envvar="ABLATE_STORAGE", help="The database: postgresql+psycopg://...")],
    out: Annotated[Path | None, typer.Option(help="A folder that ends up with the whole study.")] = None,
    data: Annotated[str | None, typer.Option(help="Where the study's data are on this machine.")] = None,
    backbone: Annotated[str | None, typer.Option(help="Where a backbone's folder is on this machine.")] = None,
    plugin: Annotated[list[str] | None, typer.Option(help="A plugin file of the study; repeatable.")] = None,
    device: Annotated[str | None, typer.Option(help="cpu, cuda or cuda:N.")] = None,
    threads: Annotated[int | None, typer.Option(help="Threads of the CPU.")] = None,
    cache: Annotated[str | None, typer.Option(help="Folder of tokens and vectors.")] = None,
    cache_gb: Annotated[float | None, typer.Option(help="Most disk space of vectors.")] = None,
    micro_batch_tokens: Annotated[int | None, typer.Option(help="Most tokens the encoder reads at once.")] = None,
) -> None:
    """Take runs of a study from its database until none is left: on any machine, started by anything.

    Files are found in the folder ABLATE_DATA_DIR too; other data than the study's are refused.
    """
    options: dict[str, Any] = dict(locals())
    own = {key: value for key, value in options.items() if value and key not in ("study", "storage", "out")}
    try:
        from ablate.study.cluster.command import run

        run(storage, study, own, out)
    except KeyboardInterrupt:
        typer.echo("stopped; its run is given back, every finished run is kept", err=True)
        raise typer.Exit(130) from None


def status(
    where: Annotated[str, typer.Argument(help="Output folder of a study, or the URL of a database.")],
    study: Annotated[str | None, typer.Option(help="Which study of the database.")] = None,
    format: Annotated[str, typer.Option(help="table or json.")] = "table",
) -> None:
    """Say how far a study is: what is done, running, failed and why, and the time left."""
    from ablate.study.status_command import show

    show(where, study, format)
