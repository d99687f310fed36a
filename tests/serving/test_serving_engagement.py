"""What the engagement route answers: an expected score, its band, and who it was made for."""

from datetime import UTC, datetime

import pytest
from served_world import Caller, World, serving

from readership.serving.answers import EngagementAnswer

ROUTE = "/v1/readers/{}/engagement"


def expecting(world: World, constant: float, **changes: object) -> None:
    world.bundle(
        "e1",
        constant,
        task="engagement",
        answer="score",
        population="known",
        horizon_days=14,
        lookback_days=28,
        **changes,
    )
    world.champion("e1", "engagement")


@pytest.mark.parametrize(
    ("constant", "score", "band"),
    [(31.5, 35.0, "usual"), (31.6, 35.1, "deep"), (20.5, 24.0, "brief"), (99.0, 100.0, "deep"), (-50.0, 0.0, "brief")],
)
def test_score_and_band(bare: World, constant: float, score: float, band: str) -> None:
    bare.features()
    expecting(bare, constant)
    with serving(bare.settings) as client:
        body = client.get(ROUTE.format("42")).json()
    EngagementAnswer.model_validate(body)
    assert list(body) == list(EngagementAnswer.model_fields)
    assert body["score"] == pytest.approx(score, abs=1e-5)  # constant + 3 sessions + half of country 1, within 0 to 100
    assert (body["band"], body["horizon_days"], body["population"]) == (band, 14, "known")
    assert "`readership batch-score engagement`" in body["reasons_note"]
    assert datetime.fromisoformat(body["answered_at"]) <= datetime.now(UTC)


def test_whom_it_was_made_for(bare: World) -> None:
    bare.features(names=("days_since_last_session", "sessions_ever", "sessions_7d"))
    expecting(bare, 20.0)
    with serving(bare.settings) as client:
        assert client.get(ROUTE.format("42")).json()["in_population"] is False  # no sessions known
    bare.features(names=("sessions_7d",))
    with serving(bare.settings) as client:
        assert client.get(ROUTE.format("42")).json()["in_population"] is None


def test_without_a_champion_the_way_to_one_is_said(client: Caller) -> None:
    answer = client.get(ROUTE.format("42"))
    assert (answer.status_code, answer.json()["code"]) == (503, "no_champion")
    assert "`readership train engagement`" in answer.json()["detail"]
