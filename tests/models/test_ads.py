"""What may be shown, what it is worth, how fast a budget is spent; a decision within a millisecond."""

import time

import numpy as np
import pytest

from readership.errors import InputError
from readership.models.ads.book import Book
from readership.models.ads.market import Market, Rules
from readership.models.ads.nouns import Ad, Placement, Request
from readership.models.ads.pacing import DAY_MS, EVEN_HOURS, HOUR_MS, Pacing
from readership.models.bandits.feedback import Decision, Settled
from readership.models.bandits.prior import Shrinkage

SHRINKAGE = Shrinkage(0.01, 1_000, 1_000, 10, 1_000)


def book(*ads: Ad) -> Book:
    return Book.of(ads, ("top", "inline"))


def market(*ads: Ad, reserve: float = 0.0, rules: Rules | None = None) -> Market:
    """Two placements and one context, `sport`."""
    made = Market([Placement("top", reserve), Placement("inline")], ["sport"], SHRINKAGE, rules or Rules())
    made.book_ads(ads)
    made.refresh(0)
    return made


def paid(market: Market, ad: str, euros: float, times: int = 1, clicked: bool = False) -> None:
    """Impressions that brought so much each."""
    one = Settled(Decision("d", "top/sport", ad, 1, 0.5), True, clicked, euros)
    market.learn([one] * times)


def test_each_reason_not_to_show_an_ad() -> None:
    found = book(
        Ad("open", "c"),
        Ad("over", "c", ends_ms=10),
        Ad("early", "c", starts_ms=11),
        Ad("elsewhere", "c", placements=("inline",)),
        Ad("abroad", "c", targeting={"country": ("FR", "BE")}),
        Ad("at home", "c", targeting={"country": ("DE",)}),
        Ad("airline", "c", category="travel"),
        Ad("seen", "c", most_a_day=2),
    )
    crash = Request(
        10, "top", says={"country": "DE"}, unsafe=frozenset(["travel"]), seen={"seen": 2, "open": 9, "?": 1}
    )
    assert [ad.ad_id for ad, yes in zip(found.ads, found.eligible(crash), strict=True) if yes] == ["open", "at home"]
    assert found.eligible(Request(9, "top")).tolist() == [True, True, False, False, False, False, True, True]
    assert found.eligible(Request(11, "inline", says={"country": "BE"}))[[2, 3, 4]].all()
    with pytest.raises(InputError, match="placement 'side' is not sold; there are inline, top"):
        found.eligible(Request(9, "side"))


def test_what_cannot_be_booked() -> None:
    with pytest.raises(InputError, match="'a' is booked twice"):
        book(Ad("a", "c"), Ad("b", "c"), Ad("a", "c"))
    with pytest.raises(InputError, match=r"'a' has per_click_eur -0\.1"):
        book(Ad("a", "c", per_click_eur=-0.1))
    with pytest.raises(InputError, match=r"budget of 5\.0 EUR and, by ad 'b', of 6\.0 EUR"):
        book(Ad("a", "c", budget_eur=5.0), Ad("b", "c", budget_eur=6.0))
    with pytest.raises(InputError, match=r"\['side'\], which is not sold"):
        book(Ad("a", "c", placements=("side",)))


def test_plan_and_multiplier_by_hand() -> None:
    ads = book(Ad("a", "c", budget_eur=100.0, ends_ms=4 * DAY_MS), Ad("b", "d"), Ad("e", "e", budget_eur=8.0))
    pacing = Pacing.of(ads)
    noon, nothing = 2 * DAY_MS + 12 * HOUR_MS, np.zeros(3)
    assert pacing.plan_eur(np.array([40.0, 7.0, 2.0]), noon).tolist() == [30.0, np.inf, 6.0]
    assert pacing.share_of_day(6 * HOUR_MS + HOUR_MS // 2) == pytest.approx(6.5 / 24)
    # 18 of 30 EUR at noon: 0.6 - 0.5 ahead, e^(-20 * 0.1)
    found = pacing.multipliers(np.array([40.0, 0, 0]), np.array([18.0, 5, 0]), noon)
    assert found == pytest.approx([np.exp(-2), 1, 1])
    assert pacing.multipliers(np.array([100.0, 0, 0]), nothing, noon)[0] == 0
    with pytest.raises(InputError, match="24 shares that sum to 1"):
        Pacing.of(ads, EVEN_HOURS * 2)


def test_a_paced_budget_lasts_the_day_and_follows_its_hours() -> None:
    """120 EUR a day at 0.5 EUR an impression, beside an ad that pays 0.2: paced, both are shown all day."""
    hours = np.array([1.0] * 12 + [3.0] * 12) / 48
    made = Market([Placement("top")], [], SHRINKAGE, Rules(even=0.0), hours)
    made.book_ads(
        [
            Ad("dear", "c", per_thousand_eur=500, budget_eur=120.0, ends_ms=DAY_MS),
            Ad("cheap", "d", per_thousand_eur=200),
        ]
    )
    spent, rng = np.zeros(24), np.random.default_rng(0)
    for minute in range(0, 24 * 60, 2):
        now = minute * 60_000
        made.refresh(now)
        for _ in range(int(96 * hours[minute // 60])):
            sold = made.decide(Request(now, "top"), rng.random())
            assert sold is not None
            euros = {"dear": 0.5, "cheap": 0.2}[sold.ad_id]
            made.learn([Settled(Decision("d", sold.cell, sold.ad_id, now, sold.propensity), True, False, euros)])
            spent[minute // 60] += euros if sold.ad_id == "dear" else 0
    assert 110 < spent.sum() <= 120
    assert spent[12:].sum() / spent.sum() == pytest.approx(0.75, abs=0.1)


def test_worth_is_price_times_chance() -> None:
    made = market(Ad("click", "c", per_click_eur=0.5), Ad("show", "d", per_thousand_eur=4.0))
    # 1000 impressions * 0.01 clicks * 0.50 EUR = 5 EUR, against 4 EUR
    assert made.ecpm_eur[0] == pytest.approx([5.0, 4.0])
    paid(made, "click", 0.0, times=20_000)
    made.refresh(0)
    cell = made.cells["top/sport"]
    assert made.ecpm_eur[cell, 0] < 0.5
    assert made.learner.chances[cell, 1] == pytest.approx(0.975)
    assert made.decide(Request(0, "top", "chess"), 0.5).cell == "top/"  # type: ignore[union-attr]


def test_reserve_budget_and_share_of_a_campaign() -> None:
    cheap, dear = (
        Ad("cheap", "c", per_thousand_eur=1.0),
        Ad("dear", "d", per_thousand_eur=3.0, budget_eur=2.0, ends_ms=DAY_MS),
    )
    made = market(cheap, dear, reserve=2.0)
    assert made.eligible(Request(0, "top")).tolist() == [False, True]
    assert made.eligible(Request(0, "inline")).tolist() == [True, True]
    paid(made, "dear", 2.0)
    assert made.decide(Request(0, "top"), 0.5) is None
    shared = market(cheap, dear, rules=Rules(most_share=0.6))
    paid(shared, "cheap", 0.001, times=150)
    assert shared.eligible(Request(0, "top")).all()
    paid(shared, "cheap", 0.001, times=150)
    assert shared.eligible(Request(0, "top")).tolist() == [False, True]
    shared.refresh(DAY_MS)
    assert shared.delivered.before_eur["c"] == pytest.approx(0.3)
    assert shared.eligible(Request(0, "top")).all()
    with pytest.raises(InputError, match="a campaign may have 0"):
        Rules(most_share=0.0)
    with pytest.raises(InputError, match="'side' is not sold"):
        made.decide(Request(0, "side"), 0.5)


def test_nothing_booked_one_ad_and_a_market_stored() -> None:
    made = market()
    assert made.decide(Request(0, "top"), 0.5) is None
    made.book_ads([Ad("a", "c", per_click_eur=1.0)])
    assert made.decide(Request(0, "top"), 0.5) is None  # of no known worth until the next refresh
    made.refresh(0)
    assert made.decide(Request(0, "top"), 0.5).propensity == 1.0  # type: ignore[union-attr]
    paid(made, "a", 0.4, times=3, clicked=True)
    made.refresh(0)
    other = market(Ad("a", "c", per_click_eur=1.0))
    other.restore(made.to_arrays())
    other.refresh(0)
    made.refresh(0)
    assert other.ecpm_eur.tolist() == made.ecpm_eur.tolist()
    assert (other.delivered.today_eur, other.delivered.shown) == ({"c": pytest.approx(1.2)}, {"c": 3})
    with pytest.raises(InputError, match="other placements or contexts"):
        Market([Placement("side")], [], SHRINKAGE, Rules()).restore(made.to_arrays())


def test_a_decision_among_a_thousand_ads_takes_less_than_a_millisecond() -> None:
    rng = np.random.default_rng(0)
    ads = [
        Ad(
            f"ad-{n}",
            f"c-{n // 5}",
            float(rng.lognormal()),
            targeting={"country": ("DE",)} if n % 4 else {},
            most_a_day=3,
        )
        for n in range(1_000)
    ]
    made = Market([Placement("top", 0.1)], ["sport"], SHRINKAGE, Rules())
    made.book_ads(ads)
    made.refresh(0)
    request = Request(0, "top", "sport", {"country": "DE"}, seen={f"ad-{n}": 3 for n in range(30)})
    took = []
    for lot in rng.random(500):
        began = time.perf_counter()
        assert made.decide(request, lot) is not None
        took.append(time.perf_counter() - began)
    assert np.median(took) < 0.001
