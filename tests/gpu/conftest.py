"""Everything here needs CUDA; without it each test is skipped, and says so."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what lies in this folder, and skip it where there is no CUDA."""
    reason = f"no CUDA device: torch {torch.__version__} sees none"
    for item in items:
        if HERE in item.path.parents:
            item.add_marker("gpu")
            if not torch.cuda.is_available():
                item.add_marker(pytest.mark.skip(reason=reason))


@pytest.fixture
def cuda() -> torch.device:
    """The first GPU, with fp32 products in fp32."""
    torch.backends.cuda.matmul.allow_tf32 = False
    return torch.device("cuda")
