"""The setting of each arm: which encoder, which inputs, which rate. Shared by all runs that can share it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import torch

from ablate.data.dataset import Dataset
from ablate.encoders.base import Encoder
from ablate.encoders.revisions import meant
from ablate.errors import AblateError
from ablate.factors import Backbone
from ablate.strategy import Strategy
from ablate.train.compute import Compute
from ablate.train.features import features, standardiser
from ablate.train.frozen import frozen_layers, wholly_frozen
from ablate.train.inputs import FeatureInputs, TokenInputs
from ablate.train.prefix import prefix_inputs
from ablate.train.prepared import Prepared, prepare
from ablate.train.setting import Setting
from ablate.train.vectors import VectorCache

#: Batch size and steps where the plan names none. Frozen vectors and bags: large batches and about 10 passes over
#: the data; a trained encoder: 32 (Devlin et al. 2019) and three passes.
CHEAP_BATCH, DEAR_BATCH = 256, 32
CHEAP_PASSES, DEAR_PASSES = 10, 3
CHEAP_STEPS, DEAR_STEPS = (400, 1500), (300, 20_000)


def budget(dear: bool, documents: int, steps: int | None, batch_size: int | None) -> tuple[int, int]:
    """Steps and batch size of every run, as asked for or by the kind of training."""
    batch = batch_size or (DEAR_BATCH if dear else CHEAP_BATCH)
    low, high = DEAR_STEPS if dear else CHEAP_STEPS
    passes = DEAR_PASSES if dear else CHEAP_PASSES
    return steps or min(high, max(low, round(passes * documents / batch))), batch


@dataclass
class Settings:
    """Makes the setting of an arm once and hands it out again.

    ``tick(done, total)`` is told how far the encoding of a frozen encoder's vectors is; ``cache_gb`` is the most disk
    space that such vectors may take (None: a fifth of what is free). ``revisions`` are the commits of hub models by
    name; those of the models that are loaded are added.
    """

    dataset: Dataset
    device: torch.device
    precision: str
    steps: int
    batch_size: int
    max_length: int | None
    alarms_per_document: float
    cache: Path
    tick: Callable[[int, int], None] = lambda done, total: None
    compute: Compute = Compute()
    cache_gb: float | None = None
    revisions: dict[str, str] = field(default_factory=dict)
    _prepared: dict[Backbone, Prepared] = field(default_factory=dict)
    _encoders: dict[Backbone, Encoder] = field(default_factory=dict)
    _made: dict[tuple[Backbone, bool, bool, int | None], Setting] = field(default_factory=dict)

    def prepared(self, backbone: Backbone) -> Prepared:
        """The data set as a backbone sees it."""
        if backbone not in self._prepared:
            with meant(self.revisions):
                self._prepared[backbone] = prepare(self.dataset, backbone, self.max_length, self.cache)
        return self._prepared[backbone]

    def encoder(self, backbone: Backbone) -> Encoder:
        """The encoder that every run of a backbone starts from."""
        if backbone not in self._encoders:
            prepared = self.prepared(backbone)
            torch.manual_seed(0)
            with meant(self.revisions):
                encoder = backbone.build(prepared.tokenizer).to(self.device)
            if encoder.max_length is not None and prepared.max_length > encoder.max_length:
                raise AblateError(
                    f"backbone '{encoder.name}' reads at most {encoder.max_length} tokens, not {prepared.max_length}; "
                    f"give --max-length {encoder.max_length} or less"
                )
            self._encoders[backbone] = encoder
        return self._encoders[backbone]

    def of(self, strategy: Strategy) -> Setting:
        """The setting of a strategy on its backbone."""
        encoder = self.encoder(strategy.backbone)
        trained = not wholly_frozen(strategy, encoder)
        # random weights differ from seed to seed: their vectors cannot be shared between runs
        shareable = encoder.weights_sha256 != "from scratch"
        frozen = not trained and shareable
        prefix = frozen_layers(strategy, encoder) if trained and shareable else None
        key = (strategy.backbone, trained, frozen, prefix)
        if key not in self._made:
            self._made[key] = self._make(strategy, encoder, trained, frozen, prefix)
        return self._made[key]

    def give_steps(self, steps: int) -> None:
        """Another number of steps for every run."""
        if steps != self.steps:
            self.steps = steps
            self._made = {key: made.with_budget(steps) for key, made in self._made.items()}

    def _make(self, strategy: Strategy, encoder: Encoder, trained: bool, frozen: bool, prefix: int | None) -> Setting:
        prepared = self.prepared(strategy.backbone)
        common = {
            "prepared": prepared,
            "encoder": encoder,
            "frozen": frozen,
            "rate": encoder.rate if trained else encoder.frozen_rate,
            "device": self.device,
            "precision": self.precision,
            "steps": self.steps,
            "batch_size": self.batch_size,
            "alarms_per_document": self.alarms_per_document,
            "compute": self.compute,
        }
        vectors = self.vectors
        states = (
            None if prefix is None else prefix_inputs(encoder, prepared, prefix, self.precision, vectors, self.tick)
        )
        if states is not None:
            return Setting(inputs=states, prefix=prefix, **common)  # type: ignore[arg-type]
        if not frozen:
            tokens = TokenInputs(prepared.tokens, prepared.tokenizer, prepared.max_length, self.device)
            return Setting(inputs=tokens, **common)  # type: ignore[arg-type]
        found = features(encoder, prepared, self.precision, vectors, self.tick)
        fitted = standardiser(found[torch.from_numpy(prepared.rows["train"])])
        inputs = FeatureInputs.of(found, fitted.apply, self.device)
        return Setting(inputs=inputs, standardiser=fitted, **common)  # type: ignore[arg-type]

    @property
    def vectors(self) -> VectorCache:
        """Where the output of frozen layers is kept."""
        budget = None if self.cache_gb is None else int(1e9 * self.cache_gb)
        return VectorCache(self.cache / "vectors", budget)
