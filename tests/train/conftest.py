from __future__ import annotations

import pytest
from small_settings import SmallBert, prepared, setting

from ablate.components.backbone import Bag
from ablate.train.prepared import Prepared
from ablate.train.setting import Setting


@pytest.fixture(scope="session")
def bag(tmp_path_factory: pytest.TempPathFactory) -> Setting:
    return setting(prepared(Bag(width=16), tmp_path_factory.mktemp("bag")))


@pytest.fixture(scope="session")
def bert_data(tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    return prepared(SmallBert(), tmp_path_factory.mktemp("bert"))


@pytest.fixture(scope="session")
def bert(bert_data: Prepared) -> Setting:
    return setting(bert_data)
