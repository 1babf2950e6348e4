"""The conformance suite: what every strategy must do, built in or from a plugin.

A plugin's test is three lines::

    import pytest
    from ablate.testing import CHECKS
    from acme_ablate import STRATEGIES

    @pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
    @pytest.mark.parametrize("strategy", STRATEGIES, ids=lambda strategy: strategy.name)
    def test_conformance(strategy, check):
        check(strategy)
"""

from ablate.testing.contract import ESSENTIAL
from ablate.testing.suite import CHECKS, Check, Finding, examine, failures
from ablate.testing.toy import ToyEncoder, toy_batch, toy_labels, toy_model, toy_stats, toy_step

__all__ = [
    "CHECKS",
    "ESSENTIAL",
    "Check",
    "Finding",
    "ToyEncoder",
    "examine",
    "failures",
    "toy_batch",
    "toy_labels",
    "toy_model",
    "toy_stats",
    "toy_step",
]
