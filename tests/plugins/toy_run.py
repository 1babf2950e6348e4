"""A data set that is learnt in a second, and runs on it from top to bottom."""

import numpy as np
import torch

from ablate.components.backbone import Bag
from ablate.data.dataset import Dataset
from ablate.data.labels import Labels
from ablate.train.inputs import TokenInputs
from ablate.train.prepared import prepare
from ablate.train.run import run
from ablate.train.setting import Setting

NAMES = ("salt", "soup", "bread", "oven", "saffron")
FILLERS = ("the", "of", "with", "my", "how", "why")
SHARES = (0.5, 0.3, 0.2, 0.15, 0.05)
TRAIN, HELD_OUT = 120, 40


def toy_dataset():
    """Documents that name their labels among filler words: 120 to train on, 40 to validate, 40 to test."""
    random = np.random.default_rng(0)
    documents = TRAIN + 2 * HELD_OUT
    carried = [np.flatnonzero(random.random(5) < SHARES).tolist() for _ in range(documents)]
    texts = [" ".join([*random.choice(FILLERS, 3), *(NAMES[label] for label in row)]) for row in carried]
    split = np.repeat(np.array([0, 1, 2], np.int8), [TRAIN, HELD_OUT, HELD_OUT])
    return Dataset("toy", texts, Labels.from_lists(carried, 5), NAMES, split, sha256="0" * 64)


def toy_setting(cache, steps=100, backbone=Bag(width=16)):  # noqa: B008 (a backbone is a frozen value)
    """A bag of sixteen numbers, trained for ``steps`` steps of sixteen documents on the CPU."""
    prepared = prepare(toy_dataset(), backbone, None, cache)
    torch.manual_seed(0)
    encoder = backbone.build(prepared.tokenizer)
    device = torch.device("cpu")
    return Setting(
        prepared=prepared,
        encoder=encoder,
        inputs=TokenInputs(prepared.tokens, prepared.tokenizer, prepared.max_length, device),
        frozen=False,
        rate=encoder.rate,
        device=device,
        precision="fp32",
        steps=steps,
        batch_size=16,
        alarms_per_document=1.2,
    )


def train(strategy, setting, seed=0, until=None):
    """The outcome of a run; ``until`` stops it at the first evaluation point from this step on."""
    return run(strategy, setting, seed, lambda step, curve: until is None or step < until, lambda step: None)


def parameters(model):
    """Copies of all parameters by name."""
    return {name: parameter.detach().clone() for name, parameter in model.named_parameters()}
