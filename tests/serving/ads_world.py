"""A market to serve: two placements, three ads, chances that can be worked out by hand."""

import json
from datetime import UTC, datetime
from typing import Any

from served_world import World, manifest

from readership.events.segments import read_segment, segments
from readership.models.ads.market import Market, Rules
from readership.models.ads.nouns import Ad, Placement
from readership.models.ads.opening import market_files
from readership.models.bandits.prior import Shrinkage
from readership.registry.bundles import write_bundle

UNTIL = datetime(2026, 10, 1, tzinfo=UTC)
ADS = (
    Ad("capped", "c1", per_click_eur=0.5, placements=("top",), most_a_day=2),
    Ad("austrian", "c2", per_thousand_eur=8.0, targeting={"country": ("AT",)}, placements=("side",)),
    Ad("casino", "c3", per_thousand_eur=3.0, category="gambling", placements=("side",), budget_eur=0.01),
)


def sell(world: World, version: str = "a1", ads: tuple[Ad, ...] = ADS, until: datetime = UNTIL, **rules: Any) -> None:
    """Make a market live: placement "top", and "side" with a reserve price of 1 EUR."""
    market = Market(
        [Placement("top"), Placement("side", 1.0), Placement("empty")], ["sport"], Shrinkage(0.01, 100, 100, 10, 100),
        Rules(**rules),
    )  # fmt: skip
    market.book_ads(ads)
    told = manifest(
        version,
        task="ads",
        answer="policy",
        features=(),
        categories={},
        calibration="none",
        created_at=until.isoformat(),
    )
    write_bundle(world.models, told, market_files(market, until))
    world.champion(version, "ads")


def kept(world: World, kind: str) -> list[Any]:
    """Records of a kind in the segment log."""
    folder = world.settings.path(world.settings.segments)
    found = [record for segment in segments(folder) for record in read_segment(segment.path).records]
    return [json.loads(record.text) for record in found if record.kind == kind]
