"""Plan, tune, confirm: the way from arms to records."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ablate.study.session import study

__all__ = ["study"]


def __getattr__(name: str) -> Any:
    """``study`` is imported when it is asked for: modules of this package are read without torch."""
    if name == "study":
        from ablate.study.session import study

        return study
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
