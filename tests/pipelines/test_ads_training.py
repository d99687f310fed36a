"""Step 10 on a small publisher: chosen and judged on later days, a bundle, a report, a promotion; what is refused."""

import json
from datetime import timedelta

import numpy as np
import pytest
from sold_ads import DAY, AdServer, T, months

from readership.errors import InputError, NotEnoughData
from readership.evaluation.reports import page
from readership.models.ads.market import Market, Rules
from readership.models.ads.nouns import Ad, Placement, Request
from readership.models.ads.opening import LEARNED, MARKET, open_market
from readership.models.bandits.prior import Shrinkage
from readership.pipelines import ads
from readership.pipelines.ads_market import Known
from readership.pipelines.ads_revenue import budgets_allow, floor_prices, revenue
from readership.pipelines.progress import Progress
from readership.pipelines.score import score_task
from readership.pipelines.tasks import STEPS, TRAINERS
from readership.pipelines.train import Trained
from readership.registry.bundles import Bundle
from readership.registry.live import read_live
from readership.settings import Settings
from readership.warehouse import Warehouse


@pytest.fixture
def trained(warehouse: Warehouse, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> tuple[Trained, Warehouse]:
    """Two months of ads a (often clicked), b and c, drawn evenly."""
    monkeypatch.setattr(page, "write_png", lambda plot, path: None)
    server = AdServer(warehouse)
    months(server)
    server.write()
    return ads.train_ads(warehouse, settings, T, Progress()), warehouse


def test_the_better_ad_is_found_and_the_policy_goes_live(
    trained: tuple[Trained, Warehouse], settings: Settings
) -> None:
    made, warehouse = trained
    found = json.loads(made.evaluation_file.read_text())
    assert (found["task"], found["kind"], found["champion"] in found["candidates"]) == ("ads", "policy", True)
    assert set(found["floors"]) == {"uniform", "explore_then_commit", "epsilon_greedy", "ucb1", "greedy_ecpm"}
    # of a thousand, a brings 2 + 1000 · 0.10 · 0.5 = 52 euros, b and c 12 each: evenly 25.3
    low, high = found["floors"]["uniform"]["ecpm"]["ci95"]
    assert low < 25.3 < high
    assert found["metrics"]["ecpm"]["ci95"][0] > 35
    assert found["metrics"]["lift_over_even"]["ci95"][0] > 0.3
    assert found["metrics"]["regret_share"]["value"] is None, "nothing is simulated here"
    spans = found["protocol"]
    assert spans["train"]["to"] == spans["valid"]["from"] < spans["valid"]["to"] == spans["test"]["from"]
    assert found["label"]["n_test"] == pytest.approx(1_200, abs=3)
    assert made.promotion.startswith(f"ads {made.version} is champion: it earns more than ads drawn evenly")
    assert read_live(settings.artifacts_dir / "models", "ads").champion == made.version
    html = made.report.read_text() if made.report else ""
    assert "Which advertisement should stand here now?" in html
    assert found["sentence"] in html.replace("&#39;", "'")
    with pytest.raises(InputError, match="there is nobody to score"):
        score_task(warehouse, settings, T, "ads")
    _goes_on(settings, str(made.version))


def _goes_on(settings: Settings, version: str) -> None:
    """The bundle opens as a market that shows ad a, knows what was learnt, and what was spent."""
    bundle = Bundle.load(settings.artifacts_dir / "models" / "ads" / version)
    market = open_market(bundle.read(MARKET), bundle.read(LEARNED))
    assert json.loads(bundle.read(MARKET))["learned_until"] == T.isoformat()
    assert market.learner.counts.shown.sum() == pytest.approx(6_000, abs=3)
    at = round((T + timedelta(hours=1)).timestamp() * 1000)
    market.refresh(at)
    shares = np.array(
        [market.decide(Request(at, "top", "sport"), lot).ad_id == "a" for lot in np.linspace(0, 0.999, 200)]
    )  # type: ignore[union-attr]
    assert shares.mean() > 0.9
    assert sum(market.delivered.before_eur.values()) > 100


def test_money_by_placement_campaign_and_plan(warehouse: Warehouse) -> None:
    server = AdServer(warehouse)
    months(server)
    log = server.write()
    known = Known.of(log, T)
    requests = [Request(known.at_ms, place, "sport") for place in known.placements]
    found = revenue(known, known.market(known.shrinkage(), 1.0), 5_000, requests, np.ones(2))
    assert sum(row["shown"] for row in found["placements"]) == found["total"]["shown"] == 2_798
    assert sum(row["euros"] for row in found["campaigns"]) == pytest.approx(found["total"]["euros"])
    plan = {row["campaign"]: row for row in found["campaigns"]}["c-a"]
    assert plan["plan_eur"] == pytest.approx(500.0), "half of its 180 days are gone, of 1,000 euros"
    assert plan["of_plan"] == pytest.approx(plan["spent_eur"] / 500.0, abs=1e-5)
    assert found["floor_prices"][0]["filled"] == 1.0
    assert sum(row["per_view"] for row in found["placements"]) == pytest.approx(2_798 / 5_000, abs=1e-5)
    assert found["budgets_allow_eur"] > 10


def market_of_two() -> Market:
    """Ads worth €8 and €2 for a thousand, drawn alike often; the first may spend 40 cents a day."""
    market = Market([Placement("top")], [], Shrinkage(0.01, 10, 10, 10, 10), Rules(even=1.0))
    market.book_ads(
        [
            Ad("dear", "c", per_thousand_eur=8.0, budget_eur=0.4, ends_ms=86_400_000),
            Ad("cheap", "d", per_thousand_eur=2.0),
        ]
    )
    market.refresh(0)
    return market


def test_floor_prices_and_budgets_by_hand() -> None:
    market, request = market_of_two(), [Request(0, "top")]
    prices = floor_prices(market, request, np.ones(1))
    assert prices[0] == {"floor_eur": 0.0, "filled": 1.0, "revenue_eur": 5.0, "ecpm_eur": 5.0}
    assert prices[4] == {
        "floor_eur": pytest.approx(8 / 3, abs=1e-4),
        "filled": 1.0,
        "revenue_eur": 8.0,
        "ecpm_eur": 8.0,
    }
    assert budgets_allow(market, request, np.ones(1), 100, 0) == 5.0
    assert budgets_allow(market, request, np.ones(1), 10, 0) == 8.0
    assert budgets_allow(market, request, np.ones(1), 0, 0) is None


def test_what_is_too_little_is_refused_with_a_reason(warehouse: Warehouse, settings: Settings) -> None:
    assert ads.plan(T - 100 * DAY, T)[1:] == (T - 40 * DAY, T - 20 * DAY, T - timedelta(minutes=30))
    with pytest.raises(NotEnoughData, match=r"27\.0 days of ads; 28 are needed"):
        ads.plan(T - 27 * DAY, T)
    server = AdServer(warehouse)
    months(server, days=40, a_day=5)
    server.write()
    with pytest.raises(NotEnoughData, match=r"only as much as \d+ speaks of the policy asked about"):
        ads.train_ads(warehouse, settings, T, Progress())
    assert not (settings.artifacts_dir / "models").exists()
    assert STEPS[-1] == ("10 ads", "ads", "registered")
    assert "ads" in TRAINERS
