"""Measure imbalance remedies for multilabel text classifiers at equal alarms."""

from typing import Any


def __getattr__(name: str) -> Any:
    """``load_model`` (see :func:`ablate.export.deployed.load_model`), imported when it is asked for: torch is heavy."""
    if name == "load_model":
        from ablate.export.deployed import load_model

        return load_model
    raise AttributeError(f"module 'ablate' has no attribute {name!r}")
