"""One small setting for all plugins."""

import pytest
from toy_run import toy_setting


@pytest.fixture(scope="session")
def setting(tmp_path_factory):
    return toy_setting(tmp_path_factory.mktemp("cache"))
