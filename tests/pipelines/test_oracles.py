"""Each oracle answers for the rows it is asked about, from the truth in the warehouse, and for none without one."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from readership.models.engagement import session_score
from readership.pipelines import oracle
from readership.pipelines.making import Asked
from readership.pipelines.oracle import ad_oracle, click_oracle, conversion_oracle, engagement_oracle
from readership.pipelines.simulate import simulate
from readership.settings import Settings
from readership.simulator import World
from readership.warehouse import Warehouse

WORLD = World(readers=300, days=60, seed=5)
AS_OF = WORLD.start + timedelta(days=40, hours=9)


@pytest.fixture
def truth(warehouse: Warehouse, settings: Settings) -> Iterator[str]:
    """A world in the warehouse and its truth in a database of this test's own."""
    name = f"{warehouse.database}_truth"
    simulate(warehouse, settings, Asked(WORLD, ()), truth=name)
    yield name
    warehouse.command("DROP DATABASE IF EXISTS {db:Identifier} SYNC", db=name)


def _free(warehouse: Warehouse) -> pl.DataFrame:
    readers = warehouse.frame(
        "SELECT user_id FROM events WHERE subscription_tier != '' AND timestamp < {t:DateTime64(3, 'UTC')} "
        "GROUP BY user_id HAVING argMax(subscription_tier, timestamp) = 'free' ORDER BY user_id DESC",
        t=AS_OF,
    )
    return readers.with_columns(pl.lit(AS_OF, pl.Datetime("ms", "UTC")).alias("as_of"))


def test_all_of_them(warehouse: Warehouse, truth: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """One world for all, since making it takes the time."""
    _conversion(warehouse, truth)
    _engagement(warehouse, truth, monkeypatch)
    _clicks(warehouse, truth)
    _ads(warehouse, truth)
    monkeypatch.setattr(oracle, "MOST_READERS", 20)
    asked = _free(warehouse)
    some = conversion_oracle(warehouse, asked, 5, truth)
    assert some is not None
    assert 10 <= len(some) <= 20
    again = conversion_oracle(warehouse, asked.reverse(), 5, truth)
    assert again is not None
    assert set(again["user_id"]) == set(some["user_id"])


def _conversion(warehouse: Warehouse, truth: str) -> None:
    asked = _free(warehouse)
    found = conversion_oracle(warehouse, asked, 30, truth)
    assert found is not None
    assert found.columns == ["user_id", "as_of", "probability", "error"]
    assert len(found) > 0.9 * len(asked) > 40
    assert found["probability"].is_between(0, 1).all()
    assert found["error"].max() < 0.03
    assert found.select("user_id").equals(asked.join(found, on="user_id", how="semi").select("user_id"))
    offered, not_offered = (conversion_oracle(warehouse, asked, 30, truth, offer=offer) for offer in (True, False))
    assert offered is not None
    assert not_offered is not None
    assert offered["probability"].mean() > not_offered["probability"].mean()


def _engagement(warehouse: Warehouse, truth: str, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = _free(warehouse)
    found = engagement_oracle(warehouse, asked, truth, sessions=6)
    assert found is not None
    assert (found.group_by("user_id").len()["len"] == 6).all()
    assert found.columns == ["user_id", "as_of", *oracle.ENGAGEMENT]
    assert (found["article_completes"] <= found["article_views"]).all()
    assert (found["engaged_seconds"] <= found["session_seconds"]).all()
    monkeypatch.setattr(oracle, "EXPECTED_FROM", 6)
    expected = oracle.expected_engagement(warehouse, asked, 14, truth)
    assert expected is not None
    assert len(expected) == found["user_id"].n_unique()
    one = found.filter(pl.col("user_id") == expected["user_id"][3]).select(oracle.ENGAGEMENT)
    by_hand = [session_score(*row) for row in one.rows()]
    assert expected["score"][3] == pytest.approx(float(np.mean(by_hand)))
    assert expected["score"].is_between(0, 100).all()


def _clicks(warehouse: Warehouse, truth: str) -> None:
    shown = warehouse.frame(
        "SELECT slate_id, position FROM events WHERE event_type = 'article_impression' "
        "AND timestamp >= {t:DateTime64(3, 'UTC')} ORDER BY slate_id, position DESC",
        t=AS_OF,
    )
    found = click_oracle(warehouse, shown, AS_OF, WORLD.end + timedelta(days=1), truth)
    assert found is not None
    assert found.select("slate_id", "position").equals(shown)
    assert found["probability"].null_count() == 0
    assert found["position_free"].is_between(0, 1).all()
    assert found["position_free"].mean() == pytest.approx(found["probability"].mean(), rel=0.05)
    deep = found.filter(pl.col("position") > 6)
    assert (deep["position_free"] > deep["probability"]).mean() > 0.95


def _ads(warehouse: Warehouse, truth: str) -> None:
    shown = warehouse.frame(
        "SELECT decision_id, ad_id FROM events WHERE event_type = 'ad_impression' "
        "AND timestamp >= {t:DateTime64(3, 'UTC')} ORDER BY decision_id",
        t=AS_OF,
    )
    found = ad_oracle(warehouse, shown, AS_OF, WORLD.end + timedelta(days=1), truth)
    assert found is not None
    assert found.select("decision_id", "ad_id").equals(shown)
    assert (found["value_eur"] <= found["best_value_eur"] + 1e-12).all()
    assert np.isfinite(found["click_probability"].to_numpy()).all()


def test_no_oracle_without_a_truth(warehouse: Warehouse) -> None:
    nowhere, now = f"{warehouse.database}_truth", datetime(2025, 3, 1, tzinfo=UTC)
    asked = pl.DataFrame({"user_id": [1], "as_of": [now]}, schema_overrides={"user_id": pl.UInt64})
    assert conversion_oracle(warehouse, asked, 28, nowhere) is None
    assert engagement_oracle(warehouse, asked, nowhere) is None
    assert oracle.expected_engagement(warehouse, asked, 14, nowhere) is None
    shown = pl.DataFrame({"slate_id": ["a"], "position": [1], "decision_id": ["b"]})
    assert click_oracle(warehouse, shown, now, now, nowhere) is None
    assert ad_oracle(warehouse, shown, now, now, nowhere) is None
