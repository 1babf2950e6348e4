"""Tests run side by side, on tensors that are quickest on one thread."""

import pytest
import torch
from hypothesis import HealthCheck, settings

# examples take their time where tests run side by side; how long says nothing of what they assert
settings.register_profile("beside others", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("beside others")
torch.set_num_threads(1)  # for fixtures of the session, which come before any module's


@pytest.fixture(autouse=True, scope="module")
def one_thread():
    """One thread for each module, whatever the one before left behind."""
    torch.set_num_threads(1)
