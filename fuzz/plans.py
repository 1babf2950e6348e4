"""Broken study files and ``--set`` overrides."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import tomlkit
from hypothesis import strategies as st

from ablate.encoders.bag import BagEncoder, train_words
from ablate.plugins import registry
from ablate.study.arms import base_of, choose
from ablate.study.command import plan_of
from ablate.study.plan import Plan
from fuzz.values import values

KEYS = sorted(Plan.model_fields)
BAG = BagEncoder(train_words(["a b", "a b"]), 4)


def _toml(table: dict[str, Any]) -> bytes:
    """As TOML; what TOML cannot say is written as JSON says it, which is a broken file too."""
    try:
        return tomlkit.dumps(table).encode()
    except (TypeError, ValueError):
        return "\n".join(f"{key} = {json.dumps(value)}" for key, value in table.items()).encode()


#: A study file that works, of which one value is replaced.
SOUND: dict[str, Any] = {
    "data": "synthetic:quickstart",
    "strategies": ["focal", "softmax"],
    "trials": 2,
    "seeds": 3,
    "steps": 40,
    "rho": 1.0,
    "set": {"focal.loss.gamma": 1.5, "optimizer.scale": 2.0},
}
#: Values that are often right for one key or another.
LIKELY = st.sampled_from(
    [
        *(1, 0, 2.5, 10**9, True, "bag", "all", "cpu", "fp32", "pairwise", "search", ["focal"], ["focal", "focal"], []),
        *({"loss.gamma": 2}, {"focal.loss.gamma": 1e308}, {"loss.gamma": "a"}, {"head.dropout": 2}, {"": 1}),
    ]
)
near_a_sound_one = st.tuples(st.sampled_from(KEYS), LIKELY | values).map(
    lambda change: _toml({**SOUND, change[0]: change[1]})
)
study_files = st.one_of(
    near_a_sound_one,
    near_a_sound_one,
    st.dictionaries(st.sampled_from(KEYS), LIKELY | values, max_size=5).map(_toml),
    st.text(max_size=80).map(lambda text: text.encode("utf-8", "surrogatepass")),
    st.binary(max_size=80),
    st.tuples(st.sampled_from(KEYS), st.text(max_size=20)).map(lambda pair: f"{pair[0]} = {pair[1]}".encode()),
)


def chosen(plan: Plan) -> None:
    """The strategies of a plan with what is set of them, on a bag of words."""
    choose(registry(), plan.strategies, plan.parts, plan.design, base_of("full"), BAG, plan.set)


def study_file(folder: Path, content: bytes) -> None:
    """A study file is read into a plan, and its strategies are chosen."""
    (folder / "study.toml").write_bytes(content)
    chosen(plan_of(folder / "study.toml", {}, []))


NAMES = [*KEYS, "head.dropout", "weighting.power", "weighting.cap", "loss.gamma", "focal.loss.gamma", "loss.negative"]
NUMBERS = st.sampled_from(
    ["1", "0.5", "nan", "inf", "true", "[1", '"', "1e400", "-0", "'a'", "1_0", "0x10", "{}", "1e-9"]
)
settings = st.lists(
    st.one_of(
        st.text(max_size=30),
        st.tuples(st.sampled_from(NAMES), st.text(max_size=20) | NUMBERS).map("=".join),
        st.tuples(st.text(max_size=12), NUMBERS).map("=".join),
    ),
    max_size=3,
)


def setting(folder: Path, words: list[str]) -> None:
    """``--set`` overrides are read into a plan, and set what they name."""
    chosen(plan_of(None, {"strategies": "focal,asymmetric,pos-weight-clipped"}, words))
