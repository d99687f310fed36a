"""Labels by hand where there are several brands, and where billing comes as records beside a log without its events."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import polars as pl
import pytest

from readership.errors import InputError
from readership.events.mapping import load_mapping
from readership.pipelines.brands import check_brand, of_brand
from readership.pipelines.dataset import labels
from readership.pipelines.ingest import ingest
from readership.pipelines.records import load_records
from readership.settings import Settings, folder_name
from readership.warehouse import Warehouse

T = datetime(2026, 3, 1, tzinfo=UTC)
DAY = timedelta(days=1)
MS = timedelta(milliseconds=1)
LATER = datetime(2100, 1, 1, tzinfo=UTC)


def event(number: int, reader: str, at: datetime, **fields: Any) -> dict[str, Any]:
    """An event of a registered reader who agrees to everything."""
    row = {
        "event_id": str(UUID(int=number)),
        "user_id": reader,
        "event_type": "article_view",
        "subscription_tier": "free",
    }
    return row | {"timestamp": at.isoformat(), "consent": 15} | fields


def deliver(warehouse: Warehouse, settings: Settings, path: Path, events: list[dict[str, Any]]) -> None:
    file = path / "events.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in events))
    ingest(warehouse, [file], load_mapping("native"), settings=settings)


def paid(reader: str, begins: datetime, ends: datetime, **fields: Any) -> dict[str, Any]:
    return {"user_id": reader, "plan": "digital", "period_start": begins, "period_end": ends} | fields


def bill(warehouse: Warehouse, *periods: dict[str, Any]) -> None:
    """Paid periods through the door, column by column."""
    names = list(dict.fromkeys(name for row in periods for name in row))
    frame = pl.DataFrame({name: [row.get(name) for row in periods] for name in names})
    load_records(warehouse, "subscriptions", [frame], source="billing")


def asked(warehouse: Warehouse, settings: Settings, task: str, brand: str | None = None) -> dict[int, int]:
    scoped = settings.model_copy(update={"brand": brand})
    return dict(labels(warehouse, task, T, LATER, scoped).select("user_id", "label").rows())


def test_a_brand_asks_about_its_own_readers_and_whether_they_come_back_there(
    each_warehouse: Warehouse, settings: Settings, tmp_path: Path
) -> None:
    north, south = {"brand": "North"}, {"brand": "South"}
    events = [
        event(1, "1", T - DAY, **north),
        event(2, "1", T + DAY, **south),  # left North for South
        event(3, "2", T - DAY, **north),
        event(4, "2", T, **north),  # exactly at the cut-off: came back
        event(5, "3", T - DAY, **south),
        event(6, "4", T - DAY, **north, received_at=(T + MS).isoformat()),  # not known yet
        event(7, "5", T - 60 * DAY, **south),  # registered there long ago
        event(8, "5", T - DAY, **north, subscription_tier=""),
    ]
    deliver(each_warehouse, settings, tmp_path, events)
    assert asked(each_warehouse, settings, "churn") == {1: 0, 2: 0, 3: 1, 5: 1}
    assert asked(each_warehouse, settings, "churn", "North") == {1: 1, 2: 0, 5: 1}
    assert asked(each_warehouse, settings, "churn", "South") == {3: 1}
    assert set(asked(each_warehouse, settings, "conversion", "North")) == {1, 2, 5}


def test_features_and_exports_of_a_brand_are_those_of_its_readers(
    warehouse: Warehouse, settings: Settings, tmp_path: Path
) -> None:
    events = [
        event(1, "1", T - DAY, brand="North"),
        event(2, "2", T - DAY, brand="South"),
        event(3, "3", T, brand="North"),
    ]
    deliver(warehouse, settings, tmp_path, events)
    everyone = pl.DataFrame({"user_id": pl.Series([1, 2, 3], dtype=pl.UInt64)})
    north = settings.model_copy(update={"brand": "North"})
    assert of_brand(warehouse, north, everyone, T, LATER)["user_id"].to_list() == [1]
    assert of_brand(warehouse, settings, everyone, T, LATER).equals(everyone)


def test_an_unknown_brand_is_refused_with_those_there_are(
    warehouse: Warehouse, settings: Settings, tmp_path: Path
) -> None:
    events = [event(n, str(n), T, brand=f"brand {n % 100:02}") for n in range(1, 151)]
    deliver(warehouse, settings, tmp_path, events)
    with pytest.raises(InputError) as refused:
        check_brand(warehouse, settings.model_copy(update={"brand": "Brand 1"}))
    first = ", ".join(f"brand {n:02}" for n in range(1, 21))
    assert str(refused.value) == (
        f"brand 'Brand 1' is not in the log; its brands are {first} and 80 smaller ones; nothing was changed"
    )
    check_brand(warehouse, settings.model_copy(update={"brand": "brand 00"}))
    check_brand(warehouse, settings)


def test_each_brand_has_folders_of_its_own(settings: Settings) -> None:
    odd = settings.model_copy(update={"brand": "../Le Monde"})
    assert odd.artifacts_dir.parent == settings.artifacts_dir / "brands"
    assert odd.online_dir.parent == settings.online_dir / "brands"
    assert settings.exports_dir == settings.root
    assert odd.exports_dir == odd.artifacts_dir
    assert folder_name("a/b") != folder_name("a b")


def test_without_subscription_events_billing_tells_who_did_not_renew(
    each_warehouse: Warehouse, settings: Settings, tmp_path: Path
) -> None:
    deliver(each_warehouse, settings, tmp_path, [event(n, str(n), T - DAY) for n in range(1, 9)])
    end = T + 10 * DAY
    begin = end - 30 * DAY
    bill(
        each_warehouse,
        paid("1", begin, end),
        paid("2", begin, end),
        paid("2", end, end + 30 * DAY),
        paid("3", begin, end, cancelled_at=T - DAY),  # a click, known at the cut-off; then nothing
        paid("4", begin, end, cancelled_at=T - DAY),
        paid("4", end + 29 * DAY, end + 60 * DAY),  # came back in time
        paid("5", begin, end),
        paid("5", end, end + 30 * DAY, cancelled_at=end),  # made by the billing system, never paid
        paid("6", begin, end, received_at=T + MS),  # not known at the cut-off
        paid("7", begin, end, received_at=T),  # known exactly then
        paid("unseen", begin, end, reason="payment"),  # in no event: nobody knows what they agreed to
    )
    assert asked(each_warehouse, settings, "churn_subscribers") == {1: 1, 2: 0, 3: 1, 4: 0, 5: 1, 7: 1}


def test_two_plans_of_one_reader_are_kept_apart_and_the_longer_counts(
    warehouse: Warehouse, settings: Settings, tmp_path: Path
) -> None:
    deliver(warehouse, settings, tmp_path, [event(1, "1", T - DAY), event(2, "2", T - DAY)])
    end = T + 10 * DAY
    for reader, other in (("1", end + 5 * DAY), ("2", end + 90 * DAY)):
        bill(warehouse, paid(reader, T - 20 * DAY, end), paid(reader, T - 20 * DAY, other, plan="print"))
    assert asked(warehouse, settings, "churn_subscribers") == {1: 1}


def test_voluntary_and_payment_failures_are_told_apart(
    warehouse: Warehouse, settings: Settings, tmp_path: Path
) -> None:
    events = [event(n, str(n), T - DAY) for n in range(1, 5)]
    events.append(event(9, "4", T + 11 * DAY, event_type="payment_failed"))
    deliver(warehouse, settings, tmp_path, events)
    begin, end = T - 20 * DAY, T + 10 * DAY
    bill(
        warehouse,
        paid("1", begin, end, cancelled_at=T + DAY),
        paid("2", begin, end, reason="payment"),
        paid("3", begin, end),
        paid("4", begin, end),  # billing says nothing, the log does
    )
    rows = labels(warehouse, "churn_subscribers", T, LATER, settings)
    assert dict(rows.select("user_id", "reason").rows()) == {1: "voluntary", 2: "payment", 3: "", 4: "payment"}


def test_what_was_loaded_after_the_snapshot_is_not_billing_yet(
    warehouse: Warehouse, settings: Settings, tmp_path: Path
) -> None:
    deliver(warehouse, settings, tmp_path, [event(1, "1", T - DAY)])
    bill(warehouse, paid("1", T - 20 * DAY, T + 10 * DAY))
    snapshot = warehouse.scalar("SELECT max(loaded_at) FROM subscriptions")
    bill(warehouse, paid("1", T + 10 * DAY, T + 40 * DAY, received_at=T + 10 * DAY))
    warehouse.command(
        "ALTER TABLE subscriptions UPDATE loaded_at = loaded_at + INTERVAL 1 SECOND "
        "WHERE period_start > {at:DateTime64(3,'UTC')} SETTINGS mutations_sync = 2",
        at=T,
    )
    ((_, label, _),) = labels(warehouse, "churn_subscribers", T, snapshot, settings).rows()
    assert label == 1
    assert asked(warehouse, settings, "churn_subscribers") == {1: 0}


def test_a_brand_s_subscribers_pay_for_it_or_for_every_brand_and_read_it(
    warehouse: Warehouse, settings: Settings, tmp_path: Path
) -> None:
    events = [event(n, str(n), T - DAY, brand=brand) for n, brand in enumerate(["North", "South", "South", "North"], 1)]
    deliver(warehouse, settings, tmp_path, events)
    begin, end = T - 20 * DAY, T + 10 * DAY
    bill(
        warehouse,
        paid("1", begin, end),  # every brand, reads North
        paid("2", begin, end),  # every brand, reads South
        paid("3", begin, end, brand="North"),
        paid("4", begin, end, brand="South"),
        paid("4", end, end + 30 * DAY, brand="South"),
    )
    assert asked(warehouse, settings, "churn_subscribers", "North") == {1: 1, 3: 1}
    assert asked(warehouse, settings, "churn_subscribers", "South") == {2: 1, 4: 0}
    assert asked(warehouse, settings, "churn_subscribers") == {1: 1, 2: 1, 3: 1, 4: 0}


def test_billing_that_was_not_known_yet_leaves_the_question_to_the_events(
    warehouse: Warehouse, settings: Settings, tmp_path: Path
) -> None:
    end = T + 10 * DAY
    start = event(1, "1", end - 30 * DAY, event_type="subscription_start", period_end=end.isoformat())
    deliver(warehouse, settings, tmp_path, [start, event(2, "1", T - DAY), event(3, "2", T - DAY)])
    bill(warehouse, paid("1", end - 30 * DAY, end, received_at=T + MS), paid("2", T - DAY, end, received_at=T + MS))
    assert asked(warehouse, settings, "churn_subscribers") == {1: 1}
    bill(warehouse, paid("2", T - DAY, end, received_at=T))
    assert asked(warehouse, settings, "churn_subscribers") == {2: 1}
