"""Any point of any search space configures its strategy and survives JSON."""

import json

from hypothesis import given, settings
from hypothesis import strategies as st
from marked import STAGED, Worded
from optuna.distributions import CategoricalDistribution, IntDistribution

from ablate.catalog import BASES, STRATEGIES
from ablate.space import configure, defaults, search_space
from ablate.strategy import Strategy, from_json, to_json

ALL = [*STRATEGIES, *BASES.values(), STAGED, Strategy("worded", weighting=Worded())]


def values(mark):
    if isinstance(mark, CategoricalDistribution):
        return st.sampled_from(mark.choices)
    if isinstance(mark, IntDistribution):
        return st.integers(mark.low, mark.high)
    return st.floats(mark.low, mark.high)


@st.composite
def configurations(draw):
    strategy = draw(st.sampled_from(ALL))
    marks = {path: mark for path, mark in search_space(strategy).items() if draw(st.booleans())}
    return strategy, {path: draw(values(mark)) for path, mark in marks.items()}


@settings(deadline=None, max_examples=60)
@given(configurations())
def test_any_point_of_a_space_configures_and_survives_json(case):
    strategy, point = case
    configured = configure(strategy, point)
    assert defaults(configured) == {**defaults(strategy), **point}
    again = from_json(json.loads(json.dumps(to_json(configured), allow_nan=False)))
    assert again == configured
    assert json.dumps(to_json(again)) == json.dumps(to_json(configured))
