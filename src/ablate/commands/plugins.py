"""Commands for authors of strategies."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def check(
    target: Annotated[
        str, typer.Argument(help="Strategy, plugin file (.py), folder of a package, or installed plugin.")
    ],
) -> None:
    """Run the conformance suite on strategies: what passed, what failed and why.

    The exit code is 1 where a check failed, 2 where there was nothing to check.
    """
    from ablate.checking import check

    if not check(target):
        raise typer.Exit(1)


def new_strategy(
    name: Annotated[str, typer.Argument(help="Name of the strategy: small letters, digits and '-'.")],
    out: Annotated[Path | None, typer.Option(help="Folder to write (./NAME).")] = None,
) -> None:
    """Write a package with one strategy that works and a test that passes."""
    from ablate.skeleton import write

    write(name, out)
