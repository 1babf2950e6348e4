"""Tests run side by side, on tensors that are quickest on one thread."""

import pytest
import torch

torch.set_num_threads(1)  # for fixtures of the session, which come before any module's


@pytest.fixture(autouse=True, scope="module")
def one_thread():
    """One thread for each module, whatever the one before left behind."""
    torch.set_num_threads(1)
