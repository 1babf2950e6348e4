"""What a plugin can break, caught before it takes a study down: a strategy is left out by name, or its run fails."""

from __future__ import annotations

import traceback
from collections.abc import Iterator

from ablate.factors import Component
from ablate.plugins import said
from ablate.strategy import Strategy
from ablate.study.settings import Settings
from ablate.testing import ESSENTIAL, examine
from ablate.train.frozen import frozen_layers, wholly_frozen


def fault(strategy: Strategy, origin: str) -> str:
    """Why a plugin's strategy cannot be studied, with the remedy; empty where it can.

    Only what would spoil its runs counts; ``ablate check`` asks for more.
    """
    failed = next((found for found in examine(strategy, ESSENTIAL) if not found.passed), None)
    if failed is None:
        return ""
    reason = failed.reason.removeprefix(f"strategy '{strategy.name}': ")
    return f"{failed.check}: {reason} (see all that fails with: python -m ablate check {origin})"


def unloadable(strategy: Strategy, settings: Settings) -> str:
    """What a plugin's own backbone, or its freezing on the real layers, raises; empty where they do not."""
    try:
        encoder = settings.encoder(strategy.backbone)
        wholly_frozen(strategy, encoder)
        frozen_layers(strategy, encoder)
    except (Exception, SystemExit) as error:
        return raised(error, strategy)
    return ""


def raised(error: BaseException, strategy: Strategy) -> str:
    """What a component raised, and the line of its plugin on which it did; the path of the file stays out."""
    line = _line(error, strategy)
    return said(error) + (f" ({line})" if line else "")


def concerns(error: BaseException, strategy: Strategy) -> bool:
    """Whether an error is of a strategy's making, and not the disk's or the terminal's."""
    return not isinstance(error, OSError) or _line(error, strategy) != ""


def _line(error: BaseException, strategy: Strategy) -> str:
    """The innermost line of the strategy's plugin that an error came through; empty where it came through none."""
    packages = {type(part).__module__.partition(".")[0] for part in _parts(strategy)} - {"ablate"}
    frames = [
        (frame.f_code.co_filename, number)
        for frame, number in traceback.walk_tb(error.__traceback__)
        if str(frame.f_globals.get("__name__", "")).partition(".")[0] in packages
    ]
    return f"{frames[-1][0].replace(chr(92), '/').rpartition('/')[2]}, line {frames[-1][1]}" if frames else ""


def _parts(strategy: Strategy) -> Iterator[Component]:
    yield from strategy.changed.values()
    for stage in strategy.procedure.stages():
        yield from stage.changes
