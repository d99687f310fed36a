"""What is said of recommendations: figures by hand where they can be, words, trust, goal, the page."""

import json
from pathlib import Path

import numpy as np
import pytest
from ranking_world import ARTICLES, catalogue, evaluation, facts, judged, orders

from readership.evaluation.ranking_evaluation import Catalogue, evaluate_ranking
from readership.evaluation.reports import page
from readership.evaluation.reports.report import write_report
from readership.registry.rule import beats_floors


@pytest.fixture(scope="module")
def found() -> dict:
    return evaluation()


def test_it_is_strict_json_and_carries_the_names_of_the_contract(found: dict) -> None:
    json.dumps(found, allow_nan=False)
    asked = {"hr_at_10", "mrr_at_10", "ndcg_at_10", "coverage", "novelty", "intra_list_diversity", "popularity_lift"}
    assert asked <= set(found["metrics"])
    assert found["kind"] == "ranking"
    assert found["champion"] in found["candidates"]


def test_unknown_articles_are_left_out_and_counted_as_misses_beside(found: dict) -> None:
    rows = judged()
    rank = orders(rows).candidates["lambdarank"]
    hits = (rank >= 1) & (rank <= 10)
    assert found["metrics"]["hr_at_10"]["value"] == pytest.approx(hits[rows.opened >= 0].mean(), abs=1e-6)
    assert found["counting_unseen"]["hr_at_10"]["value"] == pytest.approx(hits.mean(), abs=1e-6)
    assert found["label"]["unseen_share"]["value"] == 0.05
    assert found["label"]["n_test"] == 600


def test_parts_and_days_add_up(found: dict) -> None:
    for name in ("reader", "article", "identity", "brand"):
        assert sum(part["n"] for part in found["slices"] if part["slice"] == name) == 570
    assert [day["day"] for day in found["per_day"]] == [f"2026-03-{day:02d}" for day in range(1, 11)]
    ages = [part["value"] for part in found["slices"] if part["slice"] == "article"]
    assert ages == ["under 1 hour", "1 to 6 hours", "6 to 24 hours", "1 to 7 days", "over 7 days"]


def test_the_goal_is_against_what_is_read_most(found: dict) -> None:
    reached = found["goal"]["reached"]["value"]
    mean, popular = found["metrics"]["ndcg_at_10"]["value"], found["floors"]["popular"]["ndcg_at_10"]["value"]
    assert reached == pytest.approx(mean / popular - 1, abs=1e-4)
    assert found["goal"]["met"] is True


def test_likeness_of_what_has_neither_text_nor_category_is_unknown() -> None:
    rows, plain = judged(), catalogue()
    nothing = Catalogue(plain.readers_of, plain.readers, plain.candidates, np.full(ARTICLES, -1))
    said = evaluate_ranking("recommendation", rows, orders(rows), nothing, facts())
    assert said["metrics"]["intra_list_diversity"] == {"value": None, "ci95": [None, None]}


def test_a_champion_that_beats_every_floor_is_promoted_and_another_is_not(found: dict) -> None:
    assert beats_floors(found).allowed
    rows = judged()
    worse = evaluate_ranking("recommendation", rows, orders(rows, best=12.5), catalogue(), facts())
    decision = beats_floors(worse)
    assert not decision.allowed
    assert "does not beat the floor 'popular'" in decision.reason
    few = evaluate_ranking("recommendation", *_one_reader(), catalogue(), facts())
    assert "has no interval" in beats_floors(few).reason


def _one_reader() -> tuple:
    rows = judged(readers=1)
    return rows, orders(rows)


@pytest.mark.parametrize(
    ("said", "level", "words"),
    [
        ({}, "fair", "267 readers only"),
        ({"leakage": {"verdict": "leak"}}, "low", "came from the future"),
        ({"leakage": {}}, "fair", "has not been compared"),
    ],
)
def test_trust(said: dict, level: str, words: str) -> None:
    found = evaluation(**said)
    assert found["trust"]["level"] == level
    assert any(words in reason for reason in found["trust"]["reasons"])


def test_what_is_no_better_than_a_rule_of_thumb_is_not_shown() -> None:
    rows = judged()
    found = evaluate_ranking("recommendation", rows, orders(rows, best=30), catalogue(), facts())
    assert found["trust"]["level"] == "low"
    assert "no better than showing everybody what is read most" in found["trust"]["reasons"][0]
    assert found["next_steps"][0].startswith("Do not show these slates yet")
    assert "below that of what is read most now" in found["next_steps"][1]


def test_the_page_stands_alone_and_marks_what_was_opened(
    found: dict, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn = []
    monkeypatch.setattr(page, "write_png", lambda plot, path: drawn.append(path.name))
    html = write_report(found, tmp_path).read_text(encoding="utf-8")
    assert drawn == [
        f"{name}.png" for name in ("orders", "by_article", "by_reader", "by_identity", "by_brand", "per_day")
    ]
    assert "A bridge reopens <strong>· opened next</strong>" in html
    assert "A frequent reader" in html
    assert "http://" not in html.split("<script>")[0]
    assert "too few" not in html.split("<script>")[0]
