"""Each figure of docs/simulator.md stays within the range stated there, and no figure lacks a row."""

import re
from pathlib import Path

import pytest

from readership.simulator.figures import figures

DOCS = Path(__file__).parents[2] / "docs" / "simulator.md"
ROW = re.compile(r"^\| `(\w+)` \|.*\| (\d[\d.]*)–(\d[\d.]*) \|$", re.MULTILINE)


@pytest.fixture(scope="module")
def stated() -> dict[str, tuple[float, float]]:
    return {name: (float(low), float(high)) for name, low, high in ROW.findall(DOCS.read_text(encoding="utf-8"))}


def test_the_world_is_like_published_ones(lived, stated: dict[str, tuple[float, float]]) -> None:
    found = figures(lived.events, lived.articles, lived.subscriptions)
    assert set(found) == set(stated)
    outside = {name: found[name] for name, (low, high) in stated.items() if not low <= found[name] <= high}
    assert outside == {}
