import importlib.util
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"


def _pages() -> dict[str, str]:
    spec = importlib.util.spec_from_file_location("make_reference", DOCS / "make_reference.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.pages()


@pytest.mark.parametrize("page", ["commands.md", "study-file.md", "strategies.md"])
def test_the_reference_says_what_the_code_says(page):
    assert (DOCS / "reference" / page).read_text("utf-8") == _pages()[page], "run: make docs"
