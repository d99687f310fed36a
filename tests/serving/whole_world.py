"""A small world in which every route has something to answer: all models, a market, an experiment, articles."""

from datetime import UTC, datetime, timedelta

import httpx
from ads_world import sell
from served_world import AS_OF, World, calibrator, linear, manifest
from test_serving_assignment import DEFINITION, define
from test_serving_segment import segmenting

from readership.events.identity import reader_key
from readership.features.clicks.store import ClicksWriter, Item, Reader
from readership.registry.bundles import write_bundle

AGREED = {"analytics": True, "personalisation": True, "advertising": True}


def fill(world: World) -> None:
    """Features of three readers, and a champion of every task."""
    world.features()
    world.bundle("v1")
    world.reasons("v1")
    world.bundle("c1", task="conversion", horizon_days=14, operating_points={"top_k": 0.95, "expected_cost": 0.9})
    world.bundle("e1", 20.0, task="engagement", answer="score", population="known", horizon_days=14)
    for task, version in (("churn", "v1"), ("conversion", "c1"), ("engagement", "e1")):
        world.champion(version, task)
    segmenting(world)
    clicking(world)
    sell(world)
    began = datetime.now(UTC) - timedelta(days=1)
    dates = {"2026-03-02": f"{began:%Y-%m-%d}", "2026-03-30": f"{began + timedelta(days=9):%Y-%m-%d}"}
    define(world.settings.root, *dates.items(), text=DEFINITION)


def clicking(world: World) -> None:
    """A model of clicks by the rate of the article, and counts of one article and one reader."""
    told = manifest("k1", task="click", features=("item_rate", "hour"), categories={}, horizon_days=0)
    files = {"model.onnx": linear((1.0, 0.0), -2.0), "calibrator.npz": calibrator(shift=[0.0])}
    write_bundle(world.models, told, files)
    world.champion("k1", "click")
    with ClicksWriter(world.settings.online_dir, as_of=AS_OF, model_version="k1") as writer:
        writer.put_items([Item("a1", {"item": (3, 2_000_000)}, 40, {"category": "travel"})])
        writer.put_readers([(reader_key("42"), Reader(2, 1_000_000, 0, "free", {}))])


def publish(client: httpx.Client) -> None:
    """Twelve articles of the last hours, and a reader who agreed to everything."""
    for number in range(12):
        at = datetime.now(UTC) - timedelta(hours=number, minutes=1)
        told = {"title": f"Story {number}", "category": ("travel", "sport")[number % 2], "published_at": at.isoformat()}
        assert client.put(f"/v1/articles/a{number}", json=told).status_code == 200
    event = {"user_id": "42", "event_type": "article_view", "article_id": "a1", "consent": AGREED}
    told = {**event, "timestamp": datetime.now(UTC).isoformat()}
    assert client.post("/v1/events", json=told).json()["refused"] == 0
