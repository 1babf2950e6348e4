"""Records, statistics and leaderboards: no torch, transformers or optuna."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ablate.results.frames import leaderboard
    from ablate.results.scores.audit import audit
    from ablate.results.weights.diagnosis import diagnose

__all__ = ["audit", "diagnose", "leaderboard"]


def __getattr__(name: str) -> Any:
    """What is offered from Python is imported when it is asked for: numpy and pandas are slow to come."""
    if name == "audit":
        from ablate.results.scores.audit import audit

        return audit
    if name == "diagnose":
        from ablate.results.weights.diagnosis import diagnose

        return diagnose
    if name == "leaderboard":
        from ablate.results.frames import leaderboard

        return leaderboard
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
