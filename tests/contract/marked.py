"""Components and a strategy with marks in every place where a mark may stand."""

from dataclasses import dataclass
from typing import Annotated

from ablate.components.freezing import LastLayers
from ablate.components.weighting import PowerWeight
from ablate.factors import Procedure, Stage, Weighting
from ablate.space import Choice, Real, Whole
from ablate.strategy import Strategy


@dataclass(frozen=True)
class Capped(PowerWeight):
    """A power weight with a cap of its own and a field that nobody tunes."""

    cap: Annotated[float, Real(1.0, 100.0, log=True)] = 10.0
    floor: float = 1.0


@dataclass(frozen=True)
class Settled(PowerWeight):
    """A power weight whose power is settled: the mark is taken away."""

    power: float = 0.5


@dataclass(frozen=True)
class Worded(Weighting):
    """One mark of each kind."""

    kind: Annotated[str, Choice(["soft", "hard"])] = "soft"
    size: Annotated[int, Whole(1, 8)] = 2


@dataclass(frozen=True)
class Twice(Procedure):
    """Two stages, both of them fields."""

    first: Stage = Stage(0.5, (PowerWeight(0.3),))
    rest: tuple[Stage, ...] = (Stage(0.5, (LastLayers(), Capped())),)

    def stages(self):
        return (self.first, *self.rest)


STAGED = Strategy("staged", procedure=Twice())
