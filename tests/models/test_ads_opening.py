"""A market stored as two files decides as it did."""

import json
from datetime import UTC, datetime

import numpy as np
import pytest

from readership.errors import InputError
from readership.models.ads.market import Market, Rules
from readership.models.ads.nouns import Ad, Placement, Request
from readership.models.ads.opening import LEARNED, MARKET, market_files, open_market
from readership.models.ads.pacing import DAY_MS
from readership.models.bandits.feedback import Decision, Settled
from readership.models.bandits.prior import Shrinkage

UNTIL = datetime(2025, 3, 1, tzinfo=UTC)


def taught() -> Market:
    made = Market(
        [Placement("top", 0.5), Placement("inline")], ["sport", "world"],
        Shrinkage(0.01, 1_000, np.inf, 10, 1_000), Rules(even=0.1, half_life_days=7),
    )  # fmt: skip
    made.book_ads(
        [
            Ad("a", "c", per_click_eur=0.4, targeting={"country": ("DE", "AT")}, most_a_day=3),
            Ad(
                "b",
                "d",
                per_thousand_eur=2.0,
                budget_eur=9.0,
                ends_ms=5 * DAY_MS,
                placements=("top",),
                category="travel",
            ),
        ]
    )
    made.refresh(0)
    sold = Decision("1", "top/sport", "b", 1, 0.5)
    made.learn([Settled(sold, True, True, 0.25)])
    made.refresh(DAY_MS)
    return made


def test_the_files_hold_all_that_decides() -> None:
    before = taught()
    after = open_market(*market_files(before, UNTIL).values())
    assert after.book.ads == before.book.ads
    assert list(after.placements.values()) == [Placement("top", 0.5), Placement("inline", 0.0)]
    assert after.rules == before.rules
    assert after.prior.shrinkage == before.prior.shrinkage
    assert after.delivered.before_eur == {"d": 0.25}
    asked = Request(DAY_MS + 1, "top", "sport", {"country": "DE"})
    for market in (before, after):
        market.refresh(DAY_MS + 1)
    assert [before.decide(asked, lot) for lot in (0.0, 0.3, 0.9)] == [
        after.decide(asked, lot) for lot in (0.0, 0.3, 0.9)
    ]
    assert json.loads(market_files(before, UNTIL)[MARKET])["learned_until"] == "2025-03-01T00:00:00+00:00"
    assert json.loads(market_files(before, UNTIL)[MARKET])["shrinkage"]["context"] is None


def test_files_of_different_markets_are_refused() -> None:
    files = market_files(taught(), UNTIL)
    other = Market([Placement("side")], [], Shrinkage(0.01, 1, 1, 1, 1), Rules())
    with pytest.raises(InputError, match="other placements or contexts"):
        open_market(files[MARKET], market_files(other, UNTIL)[LEARNED])
    with pytest.raises(InputError, match=r"not those of a market.*train ads again"):
        open_market(b"{}", files[LEARNED])
    with pytest.raises(InputError, match="not those of a market"):
        open_market(files[MARKET], b"PK")
