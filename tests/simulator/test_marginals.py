"""Each figure of docs/simulator.md stays within the range stated there, and no figure lacks a row."""

import importlib.util
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


def test_the_picture_shows_each_distribution(lived) -> None:
    place = Path(__file__).parents[2] / "tools" / "world.py"
    spec = importlib.util.spec_from_file_location("world_tool", place)
    assert spec is not None
    assert spec.loader is not None
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)
    drawn = tool.picture(lived.events, lived.articles, lived.subscriptions).to_dict()
    titles = [panel["title"] if "title" in panel else panel["layer"][0]["title"] for panel in _panels(drawn)]
    assert [title.split(" ")[0] for title in titles] == ["Visits", "Articles", "Engaged", "Clicks", "An", "Subscribers"]
    assert all(len(panel["layer"][0]["data"]["values"]) > 3 for panel in _panels(drawn))


def _panels(drawn: dict) -> list[dict]:
    return [panel for row in drawn["vconcat"] for panel in row["hconcat"]]
