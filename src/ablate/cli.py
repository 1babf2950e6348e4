"""The command line. Nothing heavy is imported before a command needs it."""

from __future__ import annotations

import errno
import sys
from pathlib import Path
from typing import Annotated

import typer

from ablate.commands import boards, cluster, deploy, describe, plugins, synthetic, verdicts
from ablate.errors import AblateError, one_line, without_passwords

app = typer.Typer(
    help="Measure imbalance remedies for multilabel text classifiers: recall at equal alarms, with intervals.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)

DATA, MODEL, BUDGET, RUN = "Data", "Model and strategies", "Budget", "Running"


def main() -> None:
    """Run a command; a mistake of the user is one line and exit code 2."""
    try:
        app(standalone_mode=True)
    except AblateError as error:
        _fail(error)
    except OSError as error:
        if error.filename is None and error.errno not in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            raise
        _fail(
            AblateError(
                f"'{error.filename or 'a file'}': {error.strerror}; check the path, its rights and the room on its disk"
            )
        )


def _fail(error: AblateError) -> None:
    typer.echo("error: " + without_passwords(one_line(str(error))), err=True)
    sys.exit(2)


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"ablate {version('ablate')}")
        raise typer.Exit


@app.callback()
def root(
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Print it.")] = False,
) -> None:
    """Measure imbalance remedies for multilabel text classifiers: recall at equal alarms, with intervals."""


@app.command()
def study(
    plan: Annotated[Path | None, typer.Argument(help="Study file (TOML); options override its keys.")] = None,
    data: Annotated[
        str | None,
        typer.Option(
            help="File (Parquet, CSV, TSV, JSONL), folder, hub:owner/name or synthetic:PRESET.", rich_help_panel=DATA
        ),
    ] = None,
    text: Annotated[str | None, typer.Option(help="Column of the texts.", rich_help_panel=DATA)] = None,
    labels: Annotated[str | None, typer.Option(help="Column of the labels.", rich_help_panel=DATA)] = None,
    label_separator: Annotated[
        str | None, typer.Option(help="What separates labels in one cell.", rich_help_panel=DATA)
    ] = None,
    label_columns: Annotated[
        str | None, typer.Option(help="0/1 columns a,b,c, one per label; * for all others.", rich_help_panel=DATA)
    ] = None,
    group: Annotated[
        str | None, typer.Option(help="Column whose values stay in one split.", rich_help_panel=DATA)
    ] = None,
    documents: Annotated[
        int | None, typer.Option(help="A subset of this size that keeps the tail.", rich_help_panel=DATA)
    ] = None,
    split_seed: Annotated[
        int | None, typer.Option(help="Seed of the splits that the data lack.", rich_help_panel=DATA)
    ] = None,
    max_length: Annotated[
        int | None,
        typer.Option(
            help="Longest document in tokens (95th percentile, at most 256; generated: all).", rich_help_panel=DATA
        ),
    ] = None,
    backbone: Annotated[
        str | None,
        typer.Option(help="bag, minilm, tiny-bert, tiny-roberta, a hub id or a folder.", rich_help_panel=MODEL),
    ] = None,
    base: Annotated[
        str | None, typer.Option(help="What is trained: full, head-only or last-layers.", rich_help_panel=MODEL)
    ] = None,
    strategies: Annotated[
        str | None, typer.Option(help="Strategies to compare: a,b,c or all.", rich_help_panel=MODEL)
    ] = None,
    parts: Annotated[
        str | None,
        typer.Option(help="Strategies to combine, instead of --strategies; all for a search.", rich_help_panel=MODEL),
    ] = None,
    design: Annotated[
        str | None,
        typer.Option(
            help="add-one-in, leave-one-out, pairwise, factorial or search over --parts.", rich_help_panel=MODEL
        ),
    ] = None,
    plugin: Annotated[
        list[str] | None, typer.Option(help="Python file with more strategies; repeatable.", rich_help_panel=MODEL)
    ] = None,
    set_: Annotated[
        list[str] | None,
        typer.Option(
            "--set", help="KEY=VALUE: a key of the plan, or a parameter to fix; repeatable.", rich_help_panel=MODEL
        ),
    ] = None,
    trials: Annotated[int | None, typer.Option(help="Tuning trials of each arm.", rich_help_panel=BUDGET)] = None,
    seeds: Annotated[int | None, typer.Option(help="Fresh seeds of each arm.", rich_help_panel=BUDGET)] = None,
    defaults: Annotated[
        bool | None,
        typer.Option("--defaults", help="Confirm each arm's untuned configuration too.", rich_help_panel=BUDGET),
    ] = None,
    steps: Annotated[int | None, typer.Option(help="Training steps of every run.", rich_help_panel=BUDGET)] = None,
    batch_size: Annotated[int | None, typer.Option(help="Documents of a batch.", rich_help_panel=BUDGET)] = None,
    hours: Annotated[
        float | None,
        typer.Option(help="Fit trials, seeds and steps, where not given, to so many hours.", rich_help_panel=BUDGET),
    ] = None,
    rho: Annotated[
        float | None, typer.Option(help="Alarms as a multiple of the labels per document.", rich_help_panel=BUDGET)
    ] = None,
    alarms_per_document: Annotated[
        float | None, typer.Option(help="Alarms per document, instead of --rho.", rich_help_panel=BUDGET)
    ] = None,
    micro_floor: Annotated[
        float | None, typer.Option(help="Lowest micro recall of a ranked row.", rich_help_panel=BUDGET)
    ] = None,
    out: Annotated[str | None, typer.Option(help="Output folder (results/NAME).", rich_help_panel=RUN)] = None,
    name: Annotated[str | None, typer.Option(help="Name of the study.", rich_help_panel=RUN)] = None,
    device: Annotated[str | None, typer.Option(help="cpu, cuda or cuda:N.", rich_help_panel=RUN)] = None,
    precision: Annotated[
        str | None, typer.Option(help="fp32 or bf16 (bf16 where the processor multiplies it).", rich_help_panel=RUN)
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option(help="Processes that make runs side by side (one per GPU, else as suits).", rich_help_panel=RUN),
    ] = None,
    threads: Annotated[
        int | None, typer.Option(help="Threads of the CPU, of each worker.", rich_help_panel=RUN)
    ] = None,
    storage: Annotated[
        str | None,
        typer.Option(
            envvar="ABLATE_STORAGE",
            help="postgresql+psycopg://...: share the study with `ablate worker` anywhere.",
            rich_help_panel=RUN,
        ),
    ] = None,
    grace: Annotated[
        float | None,
        typer.Option(help="Seconds without a heartbeat after which a worker counts as dead (60).", rich_help_panel=RUN),
    ] = None,
    engine: Annotated[
        str | None, typer.Option(help="local or ray: who places the workers with --storage.", rich_help_panel=RUN)
    ] = None,
    address: Annotated[
        str | None, typer.Option(help="Ray cluster to connect to, such as auto.", rich_help_panel=RUN)
    ] = None,
    failed: Annotated[
        bool | None, typer.Option("--failed", help="Make failed runs again, and no others.", rich_help_panel=RUN)
    ] = None,
    cache: Annotated[str | None, typer.Option(help="Folder of tokens and vectors.", rich_help_panel=RUN)] = None,
    cache_gb: Annotated[
        float | None, typer.Option(help="Most disk space of vectors (a fifth of what is free).", rich_help_panel=RUN)
    ] = None,
    micro_batch_tokens: Annotated[
        int | None,
        typer.Option(help="Most tokens the encoder reads at once; saves memory.", rich_help_panel=RUN),
    ] = None,
    checkpointing: Annotated[
        bool | None, typer.Option("--checkpointing", help="Compute layers twice; saves memory.", rich_help_panel=RUN)
    ] = None,
    compile: Annotated[
        bool | None, typer.Option("--compile", help="Fuse layers with torch.compile (CUDA).", rich_help_panel=RUN)
    ] = None,
    keep_weights: Annotated[
        bool | None, typer.Option("--keep-weights", help="Keep the weights of confirming runs.", rich_help_panel=RUN)
    ] = None,
    dry_run: Annotated[
        bool | None, typer.Option("--dry-run", help="Print what would run, and an estimate.", rich_help_panel=RUN)
    ] = None,
    quiet: Annotated[bool | None, typer.Option("--quiet", help="Print the board alone.", rich_help_panel=RUN)] = None,
) -> None:
    """Tune, confirm and rank imbalance remedies, and write a leaderboard.

    Without --data it runs on generated data. Start the same command again to go on where it stopped.
    """
    given = {key: value for key, value in locals().items() if value is not None and key not in ("plan", "set_")}
    try:
        from ablate.study.command import run

        run(plan, given, set_ or [])
    except KeyboardInterrupt:
        typer.echo("stopped; every finished run is kept: start the same command again to go on", err=True)
        raise typer.Exit(130) from None


for command in (
    boards.leaderboard,
    boards.gap,
    boards.agreement,
    boards.recommend,
    boards.report,
    verdicts.audit,
    verdicts.diagnose,
    cluster.worker,
    cluster.status,
    deploy.export,
    deploy.predict,
    deploy.dashboard,
    describe.strategies,
    plugins.check,
    plugins.new_strategy,
    describe.data,
    synthetic.synth,
    synthetic.calibrate,
    synthetic.twin,
    describe.doctor,
):
    app.command()(command)
