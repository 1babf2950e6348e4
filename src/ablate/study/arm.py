"""An arm of a study: one strategy on the base, with what of it is tuned."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from optuna.distributions import BaseDistribution

from ablate.space import configure, defaults, search_space
from ablate.strategy import Strategy
from ablate.study.propose import Tried, propose


@dataclass(frozen=True)
class Arm:
    """One strategy on the base of the study.

    ``fixed`` are the marked parameters that are not tuned; ``origin`` is the plugin that it comes from, empty where it
    is built in. ``design`` names the design that the arm is of, and ``among`` the parts that this design combines; both
    are empty for an arm that combines nothing.
    """

    strategy: Strategy
    part: str = ""
    fixed: Mapping[str, Any] = field(default_factory=dict)
    origin: str = ""
    design: str = ""
    among: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The name of the strategy."""
        return self.strategy.name

    @property
    def marks(self) -> dict[str, BaseDistribution]:
        """The marked parameters, tuned or not."""
        return search_space(self.strategy)

    @property
    def names(self) -> dict[str, tuple[str, ...]]:
        """What ``--set`` may name, and the marked parameters that it then sets."""
        return {path: (path,) for path in self.marks}

    @cached_property
    def space(self) -> dict[str, BaseDistribution]:
        """The marks that are tuned."""
        return {path: mark for path, mark in self.marks.items() if path not in self.fixed}

    @property
    def listing(self) -> str:
        """What is tuned, in a line."""
        return ", ".join(self.space)

    @property
    def parameters(self) -> dict[str, Any]:
        """The values of the marked parameters, as records keep them."""
        return defaults(self.strategy)

    @property
    def notes(self) -> list[str]:
        """What a reader of the board has to know of this configuration."""
        return []

    @property
    def variants(self) -> list[Strategy]:
        """The strategies that the arm is made from."""
        return [self.strategy]

    def space_of(self, parameters: Mapping[str, Any]) -> dict[str, BaseDistribution]:
        """The marks that a trial with these parameters has."""
        return self.space

    def configured(self, parameters: Mapping[str, Any]) -> Arm:
        """The same arm with other values of its tuned parameters."""
        return replace(self, strategy=configure(self.strategy, parameters))

    def shape_of(self, configured: Arm) -> Strategy:
        """The strategy whose setting (encoder, inputs, frozen layers) a configuration of this arm has."""
        return self.strategy

    def fixing(self, values: Mapping[str, Any]) -> Arm:
        """The same arm with these values of marked parameters, which are then not tuned."""
        return replace(self, strategy=configure(self.strategy, values), fixed=dict(values))

    def propose(self, number: int, tried: Sequence[Tried]) -> dict[str, Any]:
        """The parameters of a trial; see :func:`ablate.study.propose.propose`."""
        return propose(number, self.space, defaults(self.strategy), tried, self.name)
