"""A campaign of a simulated publisher: drawn up, delivered and recorded once; and who is left out of the next."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from types import SimpleNamespace
from typing import Any

import numpy as np
import polars as pl
import pytest
from campaign_world import VERSION, make_live
from receiver import DROP, HANG, Receiver

from readership import posting
from readership.errors import DeliveryError, InputError, NotEnoughData
from readership.pipelines import campaign_delivery, campaign_drawing
from readership.pipelines import campaign_files as files
from readership.pipelines.campaign import build_campaign
from readership.pipelines.campaign_drawing import Wanted
from readership.pipelines.campaign_fields import Fields, load_fields
from readership.pipelines.campaign_list import Terms
from readership.pipelines.making import ask
from readership.pipelines.progress import Progress
from readership.pipelines.score import asked_about
from readership.pipelines.simulate import simulate
from readership.settings import Settings
from readership.warehouse import Warehouse

NOW = datetime(2025, 1, 6, tzinfo=UTC) + timedelta(days=42)
TERMS = Terms(budget=30, cost=0.5, value=50, control=0.4)


@pytest.fixture(scope="module")
def publisher(warehouse_root: Warehouse, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warehouse]:
    """A small simulated publisher; tests add exposures to it, each under campaigns of its own."""
    with warehouse_root.scratch() as scratch:
        truth = f"{scratch.database}_truth"
        simulate(scratch, Settings(), ask(readers=300, days=43, seed=5), truth=truth)
        yield scratch
        scratch.command("DROP DATABASE IF EXISTS {db:Identifier} SYNC", db=truth)


@pytest.fixture
def home(publisher: Warehouse, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """A home with live models of its own, and no campaign recorded."""
    for task in ("churn", "conversion"):
        make_live(settings.artifacts_dir / "models", task)
    publisher.command("TRUNCATE TABLE exposures")
    monkeypatch.setattr(campaign_drawing, "asked_about", _asked_about)
    return settings


@cache
def _features(now: datetime, task: str, publisher: Warehouse) -> pl.DataFrame:
    return asked_about(publisher, Settings(), now, task)


def _asked_about(publisher: Warehouse, settings: Settings, now: datetime, task: str) -> pl.DataFrame:
    """The features of a moment are the same for every test."""
    return _features(now, task, publisher)


def wanted(name: str | None, task: str = "conversion", **other: Any) -> Wanted:
    return Wanted(
        task, "registered", other.pop("terms", TERMS), other.pop("fields", load_fields("generic")), name, **other
    )


def build(publisher: Warehouse, home: Settings, order: Wanted, now: datetime = NOW) -> dict[str, Any]:
    return build_campaign(publisher, home, now, order, Progress())


def exposures(publisher: Warehouse, name: str) -> pl.DataFrame:
    return publisher.frame("SELECT * FROM exposures WHERE experiment = {e:String} ORDER BY unit", e=f"campaign/{name}")


def test_a_campaign_is_a_list_with_a_control_group_in_the_publisher_s_own_ids(publisher, home) -> None:
    result = build(publisher, home, wanted("spring"))
    folder = home.artifacts_dir / "campaigns/spring"
    members = pl.read_parquet(folder / "members.parquet")
    facts = json.loads((folder / "campaign.json").read_text())
    treated = members.filter(arm="treatment")
    assert facts["members"] == {"treatment": 30, "control": members.height - 30}
    assert facts["funnel"] == result["funnel"]
    assert result["funnel"]["asked_about"] > result["funnel"]["agree_to_marketing"] > 30
    assert (facts["model_version"], facts["uplift_version"], facts["ordered_by"]) == (VERSION, None, "probability")
    assert facts["matures_at"] == "2025-03-03T00:00:00.000+00:00"  # 14 days after 17 February
    assert members["probability"].is_sorted(descending=True)
    assert all("sessions" in reasons[0] for reasons in members["reasons"].to_list())
    contacts = pl.read_csv(folder / "contacts.csv", schema_overrides={"reader_id": pl.String})
    assert contacts["reader_id"].to_list() == treated["reader_id"].to_list()
    ids = publisher.frame("SELECT user_id, external_id AS reader_id FROM readers")
    assert treated.join(ids, on=["user_id", "reader_id"]).height == 30
    assert [path.name for path in folder.parent.iterdir()] == ["spring"]


def test_only_readers_whose_latest_known_consent_includes_marketing_are_in_it(publisher, home) -> None:
    members = build(publisher, home, wanted("consent", terms=Terms(10_000, 0.5, 50, 0.2))) and pl.read_parquet(
        home.artifacts_dir / "campaigns/consent/members.parquet"
    )
    stated = publisher.frame(
        "SELECT user_id, argMax(consent, (timestamp, event_id)) AS stated FROM events WHERE consent IS NOT NULL "
        "AND timestamp < {t:DateTime64(3, 'UTC')} AND received_at <= {t:DateTime64(3, 'UTC')} GROUP BY user_id",
        t=NOW,
    )
    found = members.join(stated, on="user_id", how="left")
    assert found["stated"].null_count() == 0
    assert (found["stated"] & 8 == 8).all()


def test_both_arms_are_recorded_once(publisher, home) -> None:
    build(publisher, home, wanted("once"))
    rows = exposures(publisher, "once")
    members = pl.read_parquet(home.artifacts_dir / "campaigns/once/members.parquet")
    assert rows["unit"].to_list() == sorted(str(reader) for reader in members["user_id"])
    assert set(rows.select("variant", "treatment", "propensity").unique().rows()) == {
        ("treatment", "conversion", 0.6),
        ("control", "conversion", 0.4),
    }
    assert rows["at"].unique().to_list() == rows["received_at"].unique().to_list() == [NOW]
    assert rows["decision_id"][0] == f"campaign/once/{rows['unit'][0]}"
    build(publisher, home, wanted("once"), NOW + timedelta(hours=5))
    assert exposures(publisher, "once").equals(rows)


def test_the_same_name_is_the_same_list_and_other_terms_are_refused(publisher, home) -> None:
    build(publisher, home, wanted("spring"))
    with pytest.raises(InputError, match=r"spring was drawn up with budget 30 \(now 31\); a list does not change"):
        build(publisher, home, wanted("spring", terms=TERMS._replace(budget=31)))
    with pytest.raises(InputError, match=r"suppression list None \(now \w{12}\)"):
        build(publisher, home, wanted("spring", suppressed=frozenset({"7"})))
    for file in (home.artifacts_dir / "campaigns/spring").iterdir():
        file.unlink()
    with pytest.raises(InputError, match=r"recorded under campaign 'spring', but its folder .* is not there"):
        build(publisher, home, wanted("spring"))


def test_without_a_name_task_and_day_name_it(publisher, home) -> None:
    assert build(publisher, home, wanted(None))["campaign"] == "conversion-2025-02-17"


def test_whoever_was_in_a_campaign_lately_is_left_out_of_the_next(publisher, home) -> None:
    first = build(publisher, home, wanted("first"))
    both = first["funnel"]["chosen"]
    same_moment = build(publisher, home, wanted("second"))["funnel"]
    assert same_moment["not_suppressed"] - same_moment["rested"] == both
    day = timedelta(days=1)
    assert (
        build(publisher, home, wanted("third", rest_days=1), NOW + day)["funnel"]["rested"]
        == (build(publisher, home, wanted("fourth", rest_days=0), NOW + day)["funnel"]["not_suppressed"])
    )
    # one recorded later than now, and one of something else, keep nobody out
    publisher.command("TRUNCATE TABLE exposures")
    reader = first and pl.read_parquet(home.artifacts_dir / "campaigns/first/members.parquet")["user_id"][0]
    for experiment, known in (("campaign/late", NOW + day), ("prices", NOW)):
        publisher.command(
            "INSERT INTO exposures (unit, experiment, at, received_at) VALUES "
            "({u:String}, {e:String}, {at:DateTime64(3, 'UTC')}, {r:DateTime64(3, 'UTC')})",
            u=str(reader), e=experiment, at=NOW - day, r=known,
        )  # fmt: skip
    free = build(publisher, home, wanted("fifth"))["funnel"]
    assert free["rested"] == free["not_suppressed"]
    publisher.command("TRUNCATE TABLE exposures")
    publisher.command(
        "INSERT INTO exposures (unit, experiment, at, received_at) VALUES "
        "({u:String}, 'campaign/early', {at:DateTime64(3, 'UTC')}, {at:DateTime64(3, 'UTC')})",
        u=str(reader), at=NOW - day,
    )  # fmt: skip
    kept_out = build(publisher, home, wanted("sixth"))["funnel"]
    assert kept_out["not_suppressed"] - kept_out["rested"] == 1


def test_suppressed_readers_are_left_out_and_unknown_ids_counted(publisher, home) -> None:
    everybody = Terms(10_000, 0.5, 50, 0.2)
    build(publisher, home, wanted("all", terms=everybody))
    someone = pl.read_parquet(home.artifacts_dir / "campaigns/all/members.parquet")["reader_id"][0]
    publisher.command("TRUNCATE TABLE exposures")
    result = build(publisher, home, wanted("some", terms=everybody, suppressed=frozenset({someone, "nobody"})))
    assert result["funnel"]["agree_to_marketing"] - result["funnel"]["not_suppressed"] == 1
    assert result["suppressed_unknown"] == 1
    members = pl.read_parquet(home.artifacts_dir / "campaigns/some/members.parquet")
    assert someone not in members["reader_id"].to_list()


@pytest.mark.parametrize(
    ("terms", "message"),
    [
        (TERMS._replace(control=0.04), "--control is 0.04; it must lie between 0.05 and 0.5: without readers"),
        (TERMS._replace(control=0.51), "--control is 0.51"),
        (TERMS._replace(control=float("nan")), "--control is nan"),
        (TERMS._replace(budget=0), "--budget is 0"),
        (TERMS._replace(cost=-1), "--cost is -1"),
        (TERMS._replace(value=0), "--value is 0"),
    ],
)
def test_terms_that_make_no_campaign_are_refused(publisher, home, terms: Terms, message: str) -> None:
    with pytest.raises(InputError, match=f"{message}.*nothing was written"):
        build(publisher, home, wanted("none", terms=terms))
    assert not (home.artifacts_dir / "campaigns").exists()


@pytest.fixture
def uplift(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """A live model of uplift: every second reader asked about gains 0.1, the others are driven away."""
    asked = SimpleNamespace(live=True, calls=[])

    def uplift_scores(warehouse, settings, now, task, population, frame):
        asked.calls.append((now, task, population))
        effect = np.where(frame["user_id"].to_numpy() % 2 == 0, 0.1, -0.05)
        return SimpleNamespace(version="u1", effect=effect) if asked.live else None

    monkeypatch.setattr(campaign_drawing, "uplift_scores", uplift_scores)
    return asked


def test_by_uplift_the_gain_decides(publisher, home, uplift) -> None:
    result = build(publisher, home, wanted("gain"))
    members = pl.read_parquet(home.artifacts_dir / "campaigns/gain/members.parquet")
    assert (result["ordered_by"], result["uplift_version"]) == ("uplift", "u1")
    assert uplift.calls == [(NOW, "conversion", "registered")]
    assert (members["user_id"] % 2 == 0).all()
    assert members["expected_gain_eur"].unique().to_list() == [4.5]  # 0.1 x 50 - 0.5
    assert 0 < result["dogs_spared"] < members.height
    assert build(publisher, home, wanted("likely", by="probability"))["ordered_by"] == "probability"


def test_without_a_live_model_of_uplift_it_must_not_be_asked_for(publisher, home, uplift) -> None:
    uplift.live = False
    assert build(publisher, home, wanted("auto"))["ordered_by"] == "probability"
    with pytest.raises(
        NotEnoughData, match="no model of uplift is live for conversion; --by probability orders by how"
    ):
        build(publisher, home, wanted("must", by="uplift"))


# --- delivery ---------------------------------------------------------------------------------------------------

TENS = Fields("tens", {"reader_id": "id"}, {"source": "readership"}, "people", 10)


@pytest.fixture
def receiver(monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    real = posting.Post
    monkeypatch.setattr(campaign_delivery, "Post", lambda *given: real(*given, sleep=lambda _: None))
    with Receiver("/hook?list=7") as running:
        yield running


def _sent(receiver: Receiver) -> list[str]:
    return [contact["id"] for body in receiver.taken for contact in body["people"]]


def test_contacts_go_to_the_webhook_in_batches_under_keys_that_do_not_change(publisher, home, receiver) -> None:
    home = home.model_copy(update={"webhook_token": Settings(webhook_token="tok").webhook_token})
    build(publisher, home, wanted("hook", fields=TENS, webhook=receiver.address))
    assert [len(body["people"]) for body in receiver.taken] == [10, 10, 10]
    assert receiver.taken[0]["people"][0]["source"] == "readership"
    assert [found["Idempotency-Key"] for found in receiver.headers] == ["hook-1", "hook-2", "hook-3"]
    assert receiver.keys == ["Bearer tok"] * 3
    assert exposures(publisher, "hook").height > 30
    state = json.loads((home.artifacts_dir / "campaigns/hook/delivery.json").read_text())
    assert list(state["delivered"]) == ["1", "2", "3"]
    assert "list=7" not in json.dumps(state)
    build(publisher, home, wanted("hook", fields=TENS, webhook=receiver.address))
    assert receiver.calls == 3
    with pytest.raises(InputError, match=r"campaign hook goes to http://127.*contact its readers twice; nothing was"):
        build(publisher, home, wanted("hook", fields=TENS, webhook="http://127.0.0.1:1/other"))


def test_a_delivery_that_dies_half_way_is_taken_up_where_it_stopped(publisher, home, receiver, monkeypatch) -> None:
    monkeypatch.setattr(posting, "ANSWER_SECONDS", 0.2)
    order = wanted("half", fields=TENS, webhook=receiver.address)
    receiver.answers = [(202, {}, ""), (500, {}, ""), (HANG, {}, ""), *[(DROP, {}, "")] * 4]
    with pytest.raises(DeliveryError, match=r"does not answer .* 1 of 3 batches of campaign half were delivered"):
        build(publisher, home, order)
    assert exposures(publisher, "half").height == 10  # whoever was contacted is known, the control group is not yet
    receiver.answers = [(404, {}, "gone")]
    with pytest.raises(DeliveryError, match="404 gone; check the address"):
        build(publisher, home, order)
    build(publisher, home, order)
    members = pl.read_parquet(home.artifacts_dir / "campaigns/half/members.parquet")
    assert _sent(receiver) == members.filter(arm="treatment")["reader_id"].to_list()
    assert {found["Idempotency-Key"] for found in receiver.headers[1:]} == {"half-2", "half-3"}
    assert exposures(publisher, "half").height == members.height


def test_a_list_that_was_written_first_can_be_sent_later(publisher, home, receiver) -> None:
    build(publisher, home, wanted("later", fields=TENS))
    before = exposures(publisher, "later")
    build(publisher, home, wanted("later", fields=TENS, webhook=receiver.address))
    assert len(_sent(receiver)) == 30
    assert exposures(publisher, "later").equals(before)


def test_the_token_is_shown_nowhere() -> None:
    assert Settings(webhook_token="tok").shown()["READERSHIP_WEBHOOK_TOKEN"] == "***"


@pytest.mark.parametrize("address", ["ftp://host/x", "host/x", "https://", "https://user:secret@host/x", "http://h:x/"])
def test_an_address_that_is_no_webhook_is_refused_without_its_secrets(publisher, home, address: str) -> None:
    with pytest.raises(
        InputError, match=r"is no address for contacts; .*READERSHIP_WEBHOOK_TOKEN; nothing was"
    ) as said:
        build(publisher, home, wanted("none", webhook=address))
    assert "secret" not in str(said.value)
    assert not files.has_campaign(home, "none")
