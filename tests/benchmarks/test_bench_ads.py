"""Twin worlds differ in the ads alone, the market learns in them, and what is earned is the simulator's own chance."""

import pytest

from readership.benchmarks.ads import run
from readership.benchmarks.ads_world import lived
from readership.errors import InputError
from readership.pipelines.ad_policy import SellsAds, book_of, greedy, thompson
from readership.simulator import parameters as p


def test_twin_worlds_share_every_place_and_earn_what_the_book_says() -> None:
    ads = book_of(3, by_click=False)
    ways = {"greedy": greedy(), "ours": thompson()}
    worlds = {name: lived(150, 3, 3, SellsAds(market, ads)) for name, market in ways.items()}
    assert worlds["greedy"]["decision_id"].to_list() == worlds["ours"]["decision_id"].to_list()
    dearest = max(ad.per_thousand_eur for ad in ads) / 1000
    assert worlds["greedy"]["expected_eur"].mean() == pytest.approx(dearest, rel=0.05)
    shown = ways["ours"].learner.counts.shown.sum()
    assert shown >= len(worlds["ours"])
    assert ways["ours"].delivered.today_eur
    assert all(ad.per_thousand_eur == 0 for ad in book_of(3, by_click=True))
    one = book_of(3, by_click=True)[0].per_click_eur * 1000 * p.AD_CLICK_HOPED
    assert one == pytest.approx(ads[0].per_thousand_eur + 1000 * p.AD_CLICK_HOPED * ads[0].per_click_eur)


def test_bench_of_ads_in_a_small_world() -> None:
    found = run(readers=100, days=2, seeds=(7, 8))
    figures = found["figures"]
    assert figures["decision_ms_p50"] < 1
    assert figures["revenue_lift_low"] <= figures["revenue_lift"] <= figures["revenue_lift_high"]
    by_seed = [figures["revenue_lift_seed_7"], figures["revenue_lift_seed_8"]]
    assert figures["revenue_lift"] == pytest.approx(sum(by_seed) / 2, abs=1e-5)
    assert found["peers"]["as_booked_lift_seed_8"]["greedy_ecpm_ecpm_eur"] > 0
    with pytest.raises(InputError, match="50 readers are too few"):
        run(readers=50)
