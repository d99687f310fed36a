"""What was known of ads at a moment: nothing of that moment itself, nothing that was received later."""

from datetime import datetime

import pytest
from sold_ads import DAY, HOUR, LOADED, MINUTE, MS, AdServer, T

from readership.errors import NotEnoughData
from readership.models.ads.nouns import Ad, Request
from readership.pipelines.ads_log import Booked
from readership.pipelines.ads_market import Known, Situations, prices
from readership.warehouse import Warehouse

CLOSED = T - 30 * MINUTE


def counts(server: AdServer, brand: str = "") -> tuple[int, int, int, int]:
    """Impressions, clicks, and what either brought, as known at T."""
    found = server.write(brand).shown(T)
    return tuple(int(found[name].sum()) for name in ("shown", "clicked", "shown_micros", "click_micros"))  # type: ignore[return-value]


@pytest.mark.parametrize(
    ("at", "fields", "known"),
    [
        (CLOSED - MS, {}, 1),
        (CLOSED, {}, 0),
        (T, {}, 0),
        (T - DAY, {"received_at": T}, 1),
        (T - DAY, {"received_at": T + MS}, 0),
        (T - DAY, {"loaded_at": LOADED + MS}, 0),
        (T - DAY, {"ad_id": ""}, 0),
        (T - DAY, {"brand": "C"}, 0),
    ],
)
def test_an_impression_counts_when_it_was_known_and_could_have_been_clicked(
    warehouse: Warehouse, at: datetime, fields: dict[str, object], known: int
) -> None:
    server = AdServer(warehouse)
    server.shows("a", at, **fields)
    assert counts(server, "B") == (known, 0, 2_000 * known, 0)


@pytest.mark.parametrize(
    ("at", "fields", "known"),
    [
        (T - MS, {}, 1),
        (T, {}, 0),
        (T - HOUR, {"received_at": T}, 1),
        (T - HOUR, {"received_at": T + MS}, 0),
        (T - HOUR, {"loaded_at": LOADED + MS}, 0),
        (T - HOUR, {"decision_id": "another"}, 0),
        (T - HOUR, {"ad_id": "b"}, 0),
    ],
)
def test_a_click_counts_when_it_was_known(
    warehouse: Warehouse, at: datetime, fields: dict[str, object], known: int
) -> None:
    server = AdServer(warehouse)
    decision = server.shows("a", T - 2 * HOUR)
    server.clicks("a", at, **{"decision": decision} | fields) if "decision_id" not in fields else server.clicks(
        "a", at, "another"
    )
    assert counts(server) == (1, known, 2_000, 500_000 * known)


def test_an_impression_clicked_twice_was_clicked_once_and_earned_both(warehouse: Warehouse) -> None:
    server = AdServer(warehouse)
    decision = server.shows("a", T - 2 * HOUR)
    for _ in range(2):
        server.clicks("a", T - HOUR, decision)
    assert counts(server) == (1, 1, 2_000, 1_000_000)


@pytest.mark.parametrize(
    ("after", "fields", "clicked"),
    [
        (0 * MS, {}, 1),
        (30 * MINUTE - MS, {}, 1),
        (30 * MINUTE, {}, 0),
        (-MS, {}, 0),
        (MINUTE, {"received_at": T + 9 * DAY}, 1),
        (MINUTE, {"loaded_at": LOADED + MS}, 0),
    ],
)
def test_what_a_decision_brought_is_read_within_its_window(
    warehouse: Warehouse, after: object, fields: dict[str, object], clicked: int
) -> None:
    server = AdServer(warehouse)
    decision = server.shows("a", T)
    server.clicks("a", T + after, decision, **fields)  # type: ignore[operator]
    rows = server.write().decisions(T, T + DAY)
    assert rows.select("clicked", "earned_micros", "propensity").rows() == [(clicked, 2_000 + 500_000 * clicked, 0.5)]


@pytest.mark.parametrize(
    ("at", "fields", "asked"),
    [(T - MS, {}, 0), (T, {}, 1), (T + DAY, {}, 0), (T, {"propensity": None}, 0), (T, {"loaded_at": LOADED + MS}, 0)],
)
def test_only_decisions_of_the_span_whose_chance_is_known(
    warehouse: Warehouse, at: datetime, fields: dict[str, object], asked: int
) -> None:
    server = AdServer(warehouse)
    server.shows("a", at, **fields)
    assert len(server.write().decisions(T, T + DAY)) == asked


def test_what_is_booked_is_what_was_known_to_hold(warehouse: Warehouse) -> None:
    server = AdServer(warehouse)
    ad = {"ad_id": "a", "campaign_id": "c", "starts_at": T - 9 * DAY, "placement": "top"}
    server.books(
        {**ad, "bid_eur": 1.0, "budget_eur": 5.0, "reserve_eur": 3.0, "targeting": {"country": "DE, AT"},
         "category": "travel", "most_a_day": 2, "per_thousand_eur": 4.0},
        {**ad, "bid_eur": 9.0, "received_at": T + MS},
        {**ad, "bid_eur": 8.0, "valid_from": T + MS, "received_at": T - DAY},
        {**ad, "ad_id": "b", "budget_eur": 7.0, "placement": "", "reserve_eur": 0.5},
        {**ad, "ad_id": "over", "ends_at": T},
        {**ad, "ad_id": "unknown yet", "received_at": T + MS},
    )  # fmt: skip
    booked = server.write().booked(T)
    start = round((T - 9 * DAY).timestamp() * 1000)
    assert booked.ads == (
        Ad("a", "c", 1.0, 4.0, start, None, 7.0, "travel", ("top",), {"country": ("DE", "AT")}, 2),
        Ad("b", "c", 0.0, 0.0, start, None, 7.0),
    )
    assert (booked.reserve_of("top"), booked.reserve_of("inline")) == (3.0, 0.5)


def test_a_market_knows_what_was_shown_and_spent(warehouse: Warehouse) -> None:
    server = AdServer(warehouse)
    server.books(*({"ad_id": ad, "campaign_id": f"c-{ad}", "bid_eur": 1.0, "starts_at": T - 90 * DAY} for ad in "ab"))
    clicked = server.shows("a", T - 2 * DAY)
    server.clicks("a", T - 2 * DAY + MINUTE, clicked)
    for hours in (3, 2):
        server.shows("b", T - hours * HOUR, placement="inline", category="rare")
    server.shows("gone", T - 2 * DAY)
    known = Known.of(server.write(), T - HOUR)
    assert (known.placements, known.ads, known.contexts) == (("inline", "top"), ("a", "b", "gone"), ("rare", "sport"))
    market = known.market(known.shrinkage(), 1.0)
    shown = dict(zip(market.learner.counts.cells, market.learner.counts.shown.tolist(), strict=True))
    assert (shown["top/sport"], shown["inline/rare"], shown["top/"]) == ([1, 0, 1], [0, 2, 0], [0, 0, 0])
    assert market.learner.counts.clicked.sum() == 1
    assert market.delivered.before_eur == {"c-a": 0.502, "c-gone": 0.002}
    assert (market.delivered.today_eur, market.delivered.shown) == ({"c-b": 0.004}, {"c-b": 2})
    assert [column.tolist() for column in prices(known)] == [[1.0, 1.0, 0.0], [0.0, 0.0, 0.0]]
    assert known.hours[21] == pytest.approx(1 / 4)


def test_situations_differ_by_what_ads_ask_about(warehouse: Warehouse) -> None:
    server = AdServer(warehouse)
    server.books(
        {"ad_id": "a", "starts_at": T - 90 * DAY, "targeting": {"country": "DE"}},
        {"ad_id": "b", "starts_at": T - 90 * DAY},
    )
    for hour, country in ((-9, "FR"), (1, "FR"), (2, "DE"), (3, "FR")):
        server.shows("b", T + hour * HOUR, country=country, device_type=f"{hour}")
    log = server.write()
    found = Situations.of(log.decisions(T, T + DAY), Known.of(log, T))
    at = round(T.timestamp() * 1000)
    assert found.requests == tuple(Request(at, "top", "sport", {"country": country}) for country in ("DE", "FR"))
    assert found.number.tolist() == [1, 0, 1]


def test_what_a_log_lacks_is_said(warehouse: Warehouse) -> None:
    server = AdServer(warehouse)
    with pytest.raises(NotEnoughData, match="no `ad_impression` events with an `ad_id`"):
        server.write().first(T)
    server.shows("a", T - DAY, propensity=None)
    with pytest.raises(NotEnoughData, match=r"none of the 1 `ad_impression` events says by which chance .*propensity"):
        server.write().first(T)
    server.events.clear()
    server.shows("a", T - 2 * DAY, event_id="00000000-0000-0000-0000-000000000009")
    with pytest.raises(NotEnoughData, match=r"`readership ingest --table ads FILE`"):
        server.write().first(T)
    server.events.clear()
    server.books({"ad_id": "a", "starts_at": T - 90 * DAY})
    assert server.write().first(T) == T - 2 * DAY
    assert Booked((), {}).reserve_of("top") == 0.0
