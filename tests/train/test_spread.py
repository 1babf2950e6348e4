"""A run that is spread over two processes is the run of one."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from spread_runs import STRATEGIES, gradients, made, settings

from ablate.train.ranks import ALONE
from ablate.train.setting import Setting
from several import ended, start

SCRIPT = Path(__file__).parent / "spread_runs.py"
PATHS = {"PYTHONPATH": os.pathsep.join([str(SCRIPT.parent), *os.environ.get("PYTHONPATH", "").split(os.pathsep)])}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("spread")


@pytest.fixture(scope="module")
def ranks(folder: Path) -> list[dict[str, Any]]:
    """What each of two processes saw."""
    (first, *_), (last, _, complaint) = ended(start([str(SCRIPT), str(folder)], environment=PATHS))
    assert (first, last) == (0, -9), complaint
    return [torch.load(folder / f"{rank}.pt", weights_only=False) for rank in range(2)]


@pytest.fixture(scope="module")
def alone(folder: Path) -> dict[str, Setting]:
    return settings(folder, ALONE)


def close(one: Any, other: Any, atol: float = 1e-5) -> None:
    torch.testing.assert_close(torch.as_tensor(one), torch.as_tensor(other), atol=atol, rtol=0)


@pytest.mark.slow
@pytest.mark.parametrize("name", STRATEGIES)
def test_the_first_gradient_is_that_of_one_process(ranks, alone, name: str):
    expected = gradients(STRATEGIES[name], alone[name])
    for rank in ranks:
        found = rank["gradients"][name]
        assert list(found) == list(expected)
        for part in expected:
            close(found[part], expected[part])


@pytest.mark.slow
@pytest.mark.parametrize("name", STRATEGIES)
def test_a_whole_run_is_that_of_one_process(ranks, alone, name: str):
    expected = made(STRATEGIES[name], alone[name])
    first, second = (rank["runs"][name] for rank in ranks)
    np.testing.assert_array_equal(first["drawn"], expected["drawn"])
    np.testing.assert_array_equal(first["positives"], expected["positives"])
    for part in ("losses", "norms", "macro", "micro"):
        close(first[part], expected[part])
    assert np.ptp(expected["scores"], axis=0).max() > 1e-3  # else all documents would be scored alike
    close(first["scores"], expected["scores"], atol=1e-4)
    for weight, values in expected["weights"].items():
        if not weight.endswith("key.bias"):  # a softmax over keys is blind to it: its gradient is rounding alone
            close(first["weights"][weight], values, atol=2e-5)
    assert len(second["scores"]) == 0  # they are the first one's to judge


@pytest.mark.slow
@pytest.mark.parametrize("name", [*STRATEGIES, "dropout"])
def test_ranks_have_the_same_weights_to_the_last_bit(ranks, name: str):
    first, second = (rank["dropout"][0] if name == "dropout" else rank["runs"][name] for rank in ranks)
    np.testing.assert_array_equal(first["drawn"], second["drawn"])
    for weight, values in first["weights"].items():
        assert torch.equal(values, second["weights"][weight]), weight


@pytest.mark.slow
def test_dropout_differs_between_ranks_and_not_between_times(ranks):
    (first, again), (other, _) = (rank["dropout"] for rank in ranks)
    np.testing.assert_array_equal(first["losses"], again["losses"])
    np.testing.assert_array_equal(first["losses"], other["losses"])  # of the whole batch
    assert not torch.equal(*(rank["own draws"] for rank in ranks))
    assert torch.equal(*(rank["shared draws"] for rank in ranks))


@pytest.mark.slow
def test_what_fails_on_one_rank_ends_the_run_on_all_and_the_next_run_goes_well(ranks):
    first, last = (rank["faults"] for rank in ranks)
    assert first["error"][0] == "PeerError"
    assert first["error"][1].startswith("process 1 of 2: ValueError: mine alone (spread_runs.py, line ")
    assert last["error"] == ("ValueError", "mine\nalone")
    assert first["memory"] == ("PeerMemoryError", "process 1 of 2: no room")
    assert last["memory"] == ("MemoryError", "no room")
    assert first["none"] == last["none"] == ("", "")


@pytest.mark.slow
def test_ranks_that_would_make_different_runs_are_told(ranks):
    kind, text = ranks[0]["faults"]["other data"]
    assert kind == "PeerError"
    assert text.startswith("process 1 of 2: the colour differs from that of process 0; give")


@pytest.mark.slow
def test_a_rank_that_is_killed_is_not_waited_for(ranks):
    kind, text = ranks[0]["faults"]["killed"]
    assert kind == "LostError"
    assert text.startswith("process 0 of 2 has lost the others")


@pytest.mark.slow
def test_a_rank_that_is_stuck_is_not_waited_for_longer_than_patience():
    first, last = start([str(SCRIPT.with_name("stuck_rank.py"))])
    try:
        said, complaint = first.communicate(timeout=120)
    finally:
        for process in (first, last):
            process.kill()
            process.communicate()
    assert said.startswith("process 0 of 2 has lost the others: one of them ended, or did not answer for 2 s"), (
        complaint
    )
