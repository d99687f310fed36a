"""`readership recommend`: the same slate as over HTTP, and how it came about."""

import time
from datetime import UTC, datetime, timedelta

import pytest

from readership.features.memory import write_memory
from readership.models.recommendation.nouns import Article, Read
from readership.models.recommendation.recommender import Recommender
from readership.pipelines.recommend import lines, recommend
from readership.settings import Settings

RULES = """
[[pin]]
name = "look here"
article = "a5"
slot = 1
[[exclude]]
name = "court case"
article = "a0"
[exploration]
slot = 0
"""


@pytest.fixture
def published(settings: Settings) -> Settings:
    """Six articles, of which a1 was read a lot and a2 by reader -42."""
    now = datetime.now(UTC)
    at_ms = time.time_ns() // 1_000_000
    engine = Recommender()
    for n in range(6):
        engine.put(Article(f"a{n}", at_ms - (n + 1) * 3_600_000, category="sport", title=f"thing {n}"))
    engine.learn([Read(at_ms - 1000, n, "a1") for n in range(5)])
    write_memory(settings.online_dir, engine.files(at_ms), as_of=now, learnt_until=now - timedelta(seconds=1))
    return settings


def test_the_slate_with_its_reasons(published: Settings) -> None:
    told = recommend(published, "-42", n=3)
    assert [item["slot"] for item in told["recommendations"]] == [1, 2, 3]
    first = told["recommendations"][0]
    assert (first["article_id"], first["source"], first["reason"]) == ("a1", "popular", "much read in the last hours")
    assert told["ranked_by"] == "decayed popularity"
    assert "rules" not in told
    assert lines(told)[0] == (
        "reader -42: not personal (no agreement to personalisation is known of this reader); "
        "ranked by decayed popularity"
    )


def test_what_the_rules_did_and_what_the_ranker_saw(published: Settings) -> None:
    (published.root / "rules.toml").write_text(RULES)
    told = recommend(published, "7", n=3, explain=True)
    assert told["before_rules"][0] == "a1"
    assert told["after_rules"][:2] == ["a5", "a1"]
    assert {"rule": "look here", "did": "pinned to slot 1", "article_id": "a5"} in told["rules"]
    assert {"rule": "court case", "did": "excluded", "article_id": "a0"} in told["rules"]
    assert told["recommendations"][1]["features"]["popular_rank"] == 1.0
    text = "\n".join(lines(told))
    assert " 1  a5  thing 5  · editors [look here]: chosen by the editors" in text
    assert "before the rules: a1, " in text
    assert "  court case: a0 excluded" in text
