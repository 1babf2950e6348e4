"""Small tensors are quickest on one thread."""

import pytest
import torch
from toy_run import toy_setting


@pytest.fixture(autouse=True, scope="module")
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def setting(tmp_path_factory):
    return toy_setting(tmp_path_factory.mktemp("cache"))
