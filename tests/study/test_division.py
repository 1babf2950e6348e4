"""How a machine is divided among workers."""

from __future__ import annotations

import pytest
import torch

from ablate.catalog import BASELINE
from ablate.encoders.bag import BagEncoder, train_words
from ablate.study.arms import base_of
from ablate.study.division import BAG, ENCODER, HEAD, MOST_WORKERS, Kind, Place, kind_of, places, told, workers
from ablate.testing import ToyEncoder

CPU, CUDA = torch.device("cpu"), torch.device("cuda")


@pytest.mark.parametrize(
    ("wanted", "device", "cores", "gpus", "threads", "expected"),
    [
        (1, CPU, 2, 0, None, [("cpu", 2)]),
        (2, CPU, 2, 0, None, [("cpu", 1)] * 2),
        (3, CPU, 8, 0, None, [("cpu", 2)] * 3),  # the cores that are left over stay free
        (3, CPU, 2, 0, None, [("cpu", 1)] * 3),
        (2, CPU, 2, 0, 4, [("cpu", 4)] * 2),  # as asked for
        (3, CUDA, 6, 2, None, [("cuda:0", 2), ("cuda:1", 2), ("cuda:0", 2)]),
        (2, torch.device("cuda:1"), 6, 2, None, [("cuda:1", 3)] * 2),
    ],
)
def test_workers_share_threads_and_take_gpus_in_turn(wanted, device, cores, gpus, threads, expected):
    assert places(wanted, device, cores, gpus, threads) == tuple(Place(*one) for one in expected)


def test_a_gpu_has_one_worker_and_cores_as_many_as_they_can_feed():
    assert workers(ENCODER, cores=2, gpus=4) == 4
    assert [workers(Kind("k", threads=2, pays=1), cores, 0) for cores in (1, 2, 4, 7)] == [1, 1, 2, 3]
    assert workers(Kind("k", threads=1, pays=1), 512, 0) == MOST_WORKERS


@pytest.mark.parametrize(
    ("base", "weights", "kind"),
    [
        ("full", "a" * 64, ENCODER),
        ("head-only", "a" * 64, HEAD),
        ("head-only", "from scratch", ENCODER),  # random weights differ from run to run: nothing is computed once
    ],
)
def test_the_kind_of_a_run_is_what_a_step_computes(base: str, weights: str, kind: Kind):
    encoder = ToyEncoder()
    encoder.weights_sha256 = weights
    strategy = BASELINE.replace(freezing=base_of(base).freezing)
    assert kind_of(strategy, encoder) is kind
    assert kind_of(BASELINE, BagEncoder(train_words(["a b", "a b"]), 4)) is BAG


def test_workers_are_told_in_a_few_words():
    assert told(places(2, CPU, 2, 0)) == "2 on cpu, 1 thread each"
    assert told(places(3, CUDA, 6, 2)) == "3 on cuda:0, cuda:1, 2 threads each"
