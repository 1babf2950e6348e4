"""Every built-in strategy passes the suite that plugins are held to."""

import pytest

from ablate.catalog import BASES, STRATEGIES
from ablate.testing import CHECKS


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize("strategy", [*STRATEGIES, *BASES.values()], ids=lambda strategy: strategy.name)
def test_built_in_strategies_conform(strategy, check):
    check(strategy)
