"""The benchmark of slates, in small: it measures what it says, with the product's own parts."""

import pytest

from readership.benchmarks import recommendation


def test_a_small_newsroom_is_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recommendation, "ARTICLES", 300)
    monkeypatch.setattr(recommendation, "LISTS", (5, 10))
    monkeypatch.setattr(recommendation, "SLATES", 20)
    monkeypatch.setattr(recommendation, "WARM", 2)
    found = recommendation.run(readers=200)
    figures = found["figures"]
    assert (figures["articles"], figures["readers"], figures["reads"]) == (300, 200, 300)
    assert 0 < figures["slate_ms_p50"] <= figures["slate_ms_p99"]
    assert figures["slate_processor_ms_p50"] > 0
    assert 0 < figures["peak_rss_gib"] < 2
    assert {"learn_seconds_75", "learn_seconds_150", "learn_seconds_300", "fit_seconds_10"} <= set(figures)
    assert "300 articles" in found["protocol"]
