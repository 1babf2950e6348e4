"""The whole suite, and what a strategy makes of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch

from ablate.errors import AblateError
from ablate.strategy import Strategy
from ablate.testing import awkward
from ablate.testing.contract import ESSENTIAL, check_documented

Check = Callable[[Strategy], None]

CHECKS: tuple[Check, ...] = (*ESSENTIAL, check_documented, *awkward.CHECKS)


@dataclass(frozen=True)
class Finding:
    """What one check says of a strategy; ``reason`` (with the remedy, one line) is empty where it passes."""

    check: str
    asks: str
    reason: str

    @property
    def passed(self) -> bool:
        """Whether the strategy does what the check asks."""
        return not self.reason


def examine(strategy: Strategy, checks: Sequence[Check] = CHECKS) -> list[Finding]:
    """What each check says. Nothing that a component raises gets out, and torch's generator is left as it was."""
    return [
        Finding(check.__name__.removeprefix("check_"), _first_line(check.__doc__), _reason(check, strategy))
        for check in checks
    ]


def failures(strategy: Strategy, checks: Sequence[Check] = CHECKS) -> list[str]:
    """What a strategy fails, in words; empty where it conforms."""
    return [f"{found.check}: {found.reason}" for found in examine(strategy, checks) if not found.passed]


def _reason(check: Check, strategy: Strategy) -> str:
    try:
        with torch.random.fork_rng(devices=[]):
            check(strategy)
    except (Exception, SystemExit) as error:
        told = isinstance(error, AssertionError | AblateError) and str(error)
        return _first_line(str(error) if told else f"strategy '{strategy.name}': {type(error).__name__}: {error}")
    return ""


def _first_line(text: str | None) -> str:
    return (text or "").strip().splitlines()[0]
