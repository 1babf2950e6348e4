"""How a machine is divided among workers: how many, on which device, with how many threads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from ablate.encoders.base import Encoder
from ablate.strategy import Strategy
from ablate.train.frozen import wholly_frozen

#: Workers on a CPU unless ``--workers`` says otherwise: each holds a copy of the data.
MOST_WORKERS = 8


@dataclass(frozen=True)
class Kind:
    """A kind of run.

    ``threads`` is how many threads of a CPU a run uses well, ``pays`` the fewest documents to train on (runs x steps x
    batch size) for which starting workers pays.
    """

    name: str
    threads: int
    pays: int


#: One thread each: a second one idles between a run's small operations (docs/decisions/0009-workers.md); ratios are
#: printed by benchmarks/workers.py.
BAG = Kind("bag", threads=1, pays=1_000_000)
HEAD = Kind("head on frozen vectors", threads=1, pays=1_000_000)
ENCODER = Kind("trained encoder", threads=1, pays=5_000)


@dataclass(frozen=True)
class Place:
    """Where one worker computes."""

    device: str
    threads: int


def kind_of(strategy: Strategy, encoder: Encoder) -> Kind:
    """The kind of a strategy's runs on an encoder."""
    if encoder.depth == 0:
        return BAG
    shared = encoder.weights_sha256 != "from scratch" and wholly_frozen(strategy, encoder)
    return HEAD if shared else ENCODER


def workers(kind: Kind, cores: int, gpus: int) -> int:
    """How many workers suit a kind of run: one for each GPU, else as many as cores can feed (at most eight)."""
    return gpus or max(1, min(MOST_WORKERS, cores // kind.threads))


def places(wanted: int, device: torch.device, cores: int, gpus: int, threads: int | None = None) -> tuple[Place, ...]:
    """One place for each of ``wanted`` workers: GPUs in turn unless the device names one, threads divided."""
    each = threads or max(1, cores // wanted)
    if device.type != "cuda" or names_one(device):
        return (Place(str(device), each),) * wanted
    return tuple(Place(f"cuda:{number % max(1, gpus)}", each) for number in range(wanted))


def names_one(device: torch.device) -> bool:
    """Whether a device is one of several (``cuda:1``) and not a kind of device."""
    return ":" in str(device)


def told(places: Sequence[Place]) -> str:
    """The workers in a few words."""
    threads = f"{places[0].threads} thread{'s' if places[0].threads > 1 else ''}"
    devices = sorted({place.device for place in places})
    return f"{len(places)} on {', '.join(devices)}, {threads} each"
