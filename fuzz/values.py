"""Values of every kind that TOML and JSON can hold, likely to be in the wrong place."""

from __future__ import annotations

from hypothesis import strategies as st

scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats()
    | st.text(max_size=20)
    | st.sampled_from(["", "../x", "/etc", "nan", "bag", "all", "hub:", "synthetic:", "1e999", "-1"])
)
values = st.recursive(
    scalars, lambda deeper: st.lists(deeper, max_size=3) | st.dictionaries(st.text(max_size=8), deeper, max_size=3)
)
