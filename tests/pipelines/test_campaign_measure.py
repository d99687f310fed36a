"""What came of a campaign, from a log of hand-written readers: arms, outcomes, who is left out, and when."""

import json
from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from readership.errors import InputError, NotEnoughData
from readership.pipelines import campaign_files as files
from readership.pipelines.campaign_exposures import record
from readership.pipelines.campaign_files import Campaign
from readership.pipelines.campaign_measure import measure_campaign
from readership.settings import Settings
from readership.warehouse import Warehouse

AT = datetime(2026, 3, 1, tzinfo=UTC)
DAY = timedelta(days=1)
MATURES = AT + 14 * DAY
TREATED, CONTROL, STARTED, CONTROL_STARTED = 120, 80, 36, 12
"""Readers 1 to 120 were contacted and the first 36 of them subscribed; of 121 to 200 the first 12."""


def _campaign(**other: object) -> Campaign:
    facts = {
        "id": "spring",
        "task": "conversion",
        "offer": "subscription_offer",
        "as_of": AT.isoformat(),
        "matures_at": MATURES.isoformat(),
        "horizon_days": 14,
        "ordered_by": "probability",
        "model_version": "v1",
        "uplift_version": None,
        "terms": {"control": 0.4, "cost_eur": 1.0, "value_eur": 50.0},
        "rule": files.rule_of(Settings()),
        "fields": {"name": "generic", "columns": {"reader_id": "reader_id"}},
        "funnel": {"asked_about": 200, "treatment": TREATED, "control": CONTROL},
        "members": {"treatment": TREATED, "control": CONTROL},
        "suppressed_unknown": 0,
        "dogs_spared": None,
    }
    return Campaign(**(facts | other))


def _members() -> pl.DataFrame:
    number = pl.int_range(1, 201, eager=True, dtype=pl.UInt64).alias("user_id")
    treated = pl.col("user_id") <= TREATED
    return number.to_frame().select(
        "user_id",
        reader_id=pl.col("user_id").cast(pl.String),
        arm=pl.when(treated).then(pl.lit("treatment")).otherwise(pl.lit("control")),
        propensity=pl.when(treated).then(0.6).otherwise(0.4),
        probability=pl.lit(0.2),
        uplift=pl.lit(None, pl.Float64),
        expected_gain_eur=pl.lit(None, pl.Float64),
        reasons=pl.lit(None, pl.List(pl.String)),
    )


def _insert(warehouse: Warehouse, table: str, rows: list[dict]) -> None:
    lines = "\n".join(json.dumps(row, default=lambda at: at.strftime("%Y-%m-%d %H:%M:%S.000")) for row in rows)
    warehouse.raw_insert(table, list(rows[0]), lines.encode(), "JSONEachRow")


def _event(number: int, reader: int, at: datetime, kind: str, brand: str = "Herald") -> dict:
    base = {"event_id": f"00000000-0000-0000-0000-{number:012}", "user_id": reader, "event_type": kind}
    when = {"timestamp": at, "received_at": at, "loaded_at": MATURES}
    return base | when | {"subscription_tier": "free", "consent": 15, "brand": brand}


@pytest.fixture
def home(warehouse: Warehouse, settings: Settings) -> Settings:
    """Readers who were all seen before, of whom some subscribe after; reader 1 reads another brand."""
    brand = dict.fromkeys(range(2, 201), "Herald") | {1: "Globe"}
    seen = [_event(n, n, AT - DAY, "login", brand[n]) for n in range(1, 201)]
    starts = [*range(1, STARTED + 1), *range(TREATED + 1, TREATED + CONTROL_STARTED + 1)]
    after = [_event(1000 + n, n, AT + DAY, "subscription_start", brand[n]) for n in starts]
    last = [
        _event(2000, 150, MATURES - timedelta(hours=1), "article_view"),
        _event(2001, 199, AT, "subscription_start"),
    ]
    late = [_event(2002, 198, MATURES, "subscription_start")]
    _insert(warehouse, "events", [*seen, *after, *last, *late])
    known = [{"user_id": n, "external_id": str(n), "received_at": AT, "loaded_at": AT} for n in range(1, 201)]
    _insert(warehouse, "readers", known)
    files.write_campaign(settings, _campaign(), _members())
    record(warehouse, _campaign(), _members())
    return settings


def test_arms_outcomes_euros_and_rows_for_training(warehouse: Warehouse, home: Settings) -> None:
    measured, page = measure_campaign(warehouse, home, MATURES, "spring")
    # reader 199 subscribed exactly at as_of, which counts; 198 exactly at its end, which does not
    assert measured["arms"]["treatment"] | {"rate": 0} == {"readers": 120, "outcomes": 36, "rate": 0}
    assert measured["arms"]["control"] | {"rate": 0} == {"readers": 80, "outcomes": 13, "rate": 0}
    assert measured["difference"]["value"] == pytest.approx(0.3 - 13 / 80)
    assert measured["helped"]["value"] == pytest.approx(120 * (0.3 - 13 / 80))
    assert measured["net_eur"]["value"] == pytest.approx(120 * (0.3 - 13 / 80) * 50 - 120)
    assert measured["split"]["p"] == pytest.approx(1.0)
    assert measured["left_out"] == {"erased": 0, "outage": 0}
    assert json.loads((home.artifacts_dir / "campaigns/spring/measured.json").read_text()) == measured
    assert page == home.artifacts_dir / "reports/campaign-spring.html"
    assert "The contact worked: 16 subscriptions gained" in page.read_text().replace("\u00a0", " ")
    rows = files.measured_rows(home)
    assert rows.columns == ["campaign", "task", "user_id", "at", "treated", "propensity", "outcome"]
    assert (rows.height, rows["treated"].sum(), rows["outcome"].sum()) == (200, 120, 49)
    assert set(rows["propensity"]) == {0.6}
    assert set(rows["at"]) == {AT}
    assert files.measured_rows(home, ["churn"]).is_empty()


def test_whoever_was_erased_or_lies_in_an_outage_is_left_out_and_counted(warehouse: Warehouse, home: Settings) -> None:
    span = {"starts_at": AT + DAY, "ends_at": AT + 2 * DAY, "received_at": AT, "loaded_at": AT}
    _insert(warehouse, "outages", [span | {"brand": "Globe"}])
    for table in ("events", "readers"):
        warehouse.command("ALTER TABLE {t:Identifier} DELETE WHERE user_id = 130 SETTINGS mutations_sync = 2", t=table)
    measured, _ = measure_campaign(warehouse, home, MATURES, "spring")
    assert measured["left_out"] == {"erased": 1, "outage": 1}
    assert (measured["arms"]["treatment"]["readers"], measured["arms"]["control"]["readers"]) == (119, 79)
    assert measured["contacts"] == 120
    assert files.measured_rows(home).height == 198


def test_open_outcomes_are_not_measured(warehouse: Warehouse, home: Settings) -> None:
    with pytest.raises(
        NotEnoughData,
        match=r"spring of 2026-03-01 is complete on 2026-03-15 00:00 UTC, 14 days after .* now it is 2026-03-14",
    ):
        measure_campaign(warehouse, home, MATURES - timedelta(seconds=1), "spring")
    warehouse.command(
        "ALTER TABLE events DELETE WHERE timestamp > {t:DateTime64(3, 'UTC')} SETTINGS mutations_sync = 2",
        t=AT + 2 * DAY,
    )
    with pytest.raises(
        NotEnoughData, match=r"the log ends on 2026-03-02 00:00 UTC, before campaign spring is complete"
    ):
        measure_campaign(warehouse, home, MATURES, "spring")
    assert not (home.artifacts_dir / "campaigns/spring/measured.json").exists()


def test_a_campaign_whose_contacts_wait_is_not_measured(warehouse: Warehouse, home: Settings) -> None:
    warehouse.command("TRUNCATE TABLE exposures")
    with pytest.raises(InputError, match="spring was not carried out whole: it was interrupted; run its"):
        measure_campaign(warehouse, home, MATURES, "spring")
    state = {"address": "https://crm/", "batches": 3, "delivered": {"1": "x"}}
    (home.artifacts_dir / "campaigns/spring/delivery.json").write_text(json.dumps(state))
    with pytest.raises(InputError, match="1 of 3 batches were delivered"):
        measure_campaign(warehouse, home, MATURES, "spring")


def test_a_campaign_that_is_none_names_those_there_are(warehouse: Warehouse, home: Settings) -> None:
    with pytest.raises(InputError, match="there is no campaign 'summer'; there are: spring"):
        measure_campaign(warehouse, home, MATURES, "summer")


def test_the_label_is_that_of_the_settings_as_they_were(warehouse: Warehouse, home: Settings) -> None:
    other = home.model_copy(update={"conversion_horizon_days": 1})
    measured, _ = measure_campaign(warehouse, other, MATURES, "spring")
    assert "in the 14 days from it" in measured["definition"]
    assert measured["arms"]["treatment"]["outcomes"] == 36
