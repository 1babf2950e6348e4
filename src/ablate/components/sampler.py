"""How often each training document is drawn."""

from dataclasses import dataclass
from typing import Annotated

import numpy as np
import torch
from torch import Tensor

from ablate.data.labels import Labels
from ablate.factors import Sampler
from ablate.space import Real
from ablate.stats import LabelStats


@dataclass(frozen=True)
class RepeatFactor(Sampler):
    """Repeat a document max over its labels of max(1, sqrt(threshold / frequency)) times."""

    source = "Gupta, Dollar and Girshick 2019 (LVIS)"
    baseline_at = {"threshold": 0.0}

    threshold: Annotated[float, Real(1e-4, 1e-1, log=True)] = 1e-2

    def weights(self, labels: Labels, stats: LabelStats) -> Tensor:
        """Repeat factor of each document, [N]; 1 for documents without labels."""
        frequency = (stats.positives / stats.documents).cpu().double().numpy()
        label = np.maximum(1.0, np.sqrt(self.threshold / frequency))
        factors = np.ones(len(labels))
        np.maximum.at(factors, labels.rows, label[labels.indices])
        return torch.from_numpy(factors)
