"""docs/advice.md names every field of recommendation.json, and its sum is one."""

import re
from pathlib import Path

from ablate.results.folder import read
from ablate.results.recommendation import as_json, recommend

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "advice.md").read_text("utf-8")


def keys(value) -> set[str]:
    """Names of all fields, but those that name rows, buckets or verdicts."""
    if isinstance(value, list):
        return {key for part in value for key in keys(part)}
    if not isinstance(value, dict):
        return set()
    found = set(value)
    for name, part in value.items():
        if name not in ("buckets", "terms", "runs"):
            found |= keys(part)
    return found


def test_every_field_is_named():
    told = as_json(recommend(read(ROOT / "results" / "forum-decision-small")), "study", "text")
    named = set(re.findall(r"`([a-z_0-9]+)`", PAGE))
    assert keys(told) - named == set()
    assert set(told["gap"]["whole"]["terms"]) - {"irreducible"} <= named


def test_the_terms_of_the_page_add_up():
    terms = [int(n) for n in re.findall(r"^\| [a-z/ ]+ \| \d+ - \d+ \| (\d+) \|$", PAGE, re.MULTILINE)]
    assert len(terms) == 4
    assert sum(terms) == 100 - 25
    for high, low, points in re.findall(r"\| (\d+) - (\d+) \| (\d+) \|", PAGE):
        assert int(high) - int(low) == int(points)
