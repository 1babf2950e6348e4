"""What the README shows works."""

import re
from pathlib import Path

import pytest

from ablate.plugins import registry
from ablate.testing import failures

README = (Path(__file__).parent.parent / "README.md").read_text("utf-8")


def test_the_plugin_of_the_readme_conforms(tmp_path):
    (block,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    plugin = tmp_path / "log_weight.py"
    plugin.write_text(block, "utf-8")
    assert failures(registry([str(plugin)]).get("log-weight")) == []


@pytest.mark.parametrize("link", re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", README))
def test_every_link_of_the_readme_leads_somewhere(link):
    assert (Path(__file__).parent.parent / link).exists()
