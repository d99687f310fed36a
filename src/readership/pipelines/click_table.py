"""The table that serving scores clicks from: what is known now of items and readers, by the SQL of training."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl

from readership.errors import NotEnoughData
from readership.features.clicks.curve import Curve
from readership.features.clicks.derive import WINDOWS
from readership.features.clicks.store import ClicksWriter, Item, Reader
from readership.features.clicks.subject import ARTICLES, TICK_MS, Subject
from readership.pipelines.click_dataset import consenting
from readership.pipelines.click_rows import Known, known, tick_of
from readership.pipelines.dataset import newest_load
from readership.registry.bundles import Bundle
from readership.settings import Settings
from readership.warehouse import Warehouse

CURVE = "places.json"
SERVED_DAYS = 14
"""An article of so many days is served before it was ever shown; one shown in the lookback whatever its age."""
Counts = dict[str, tuple[int, int]]


def publish_clicks(warehouse: Warehouse, settings: Settings, now: datetime, bundle: Bundle) -> dict[str, Any]:
    """Publish a version of the online table as of the last full ten minutes; returns what `batch-score` prints.

    Raises NotEnoughData where the model is not one that is served.
    """
    if bundle.manifest.task != ARTICLES.task:
        raise NotEnoughData(
            f"{bundle.manifest.task}: advertisements are scored when one is chosen, from no table; nothing was written"
        )
    at = datetime.fromtimestamp(tick_of(now) * TICK_MS / 1000, UTC)
    snapshot = newest_load(warehouse)
    what = known(warehouse, ARTICLES, Curve.from_json(bundle.read(CURVE)), at, at, snapshot)
    agreed = consenting(warehouse, settings, ARTICLES, at, snapshot)
    with ClicksWriter(settings.online, as_of=at, model_version=bundle.manifest.version) as writer:
        writer.put_items(items(ARTICLES, what, at))
        writer.put_readers(readers(what, agreed))
    return {
        "task": bundle.manifest.task,
        "model_version": bundle.manifest.version,
        "as_of": at.isoformat(),
        "items": writer.items,
        "readers": writer.readers,
    }


def items(subject: Subject, what: Known, at: datetime) -> Iterator[Item]:
    """Every article published lately or shown in the lookback, with its counts and those of its traits."""
    tick, since = tick_of(at), tick_of(at - timedelta(days=SERVED_DAYS))
    lately = pl.col("published_ms") >= since * TICK_MS
    facts = _newest(what.facts, ["item_id"]).filter(lately | pl.col("item_id").is_in(what.items["item_id"].unique()))
    counts = {
        name: _by_key(_newest(what.items.filter(pl.col("tick") <= tick - back), ["item_id"])) for name, back in _BACK
    }
    views = dict(_newest(what.items, ["item_id"]).select("item_id", "views").iter_rows())
    traits = {
        trait: _by_key(_newest(what.traits.filter(trait=trait), ["word"]).rename({"word": "item_id"}))
        for trait in {trait for _, trait in subject.traits}
    }
    for row in facts.iter_rows(named=True):
        yield _item(subject, row, counts, views, traits)


_BACK = (("item", 0), *WINDOWS)


def _item(
    subject: Subject, row: dict[str, Any], counts: dict[str, Counts], views: dict[str, int], traits: dict[str, Counts]
) -> Item:
    item_id = row["item_id"]
    clicks, expected = whole = counts["item"].get(item_id, (0, 0))
    own: Counts = {"item": whole}
    for name, _ in WINDOWS:
        before = counts[name].get(item_id, (0, 0))
        own[f"item_{name}"] = (clicks - before[0], expected - before[1])
    own |= {name: traits[trait].get(row[name] or "", (0, 0)) for name, trait in subject.traits}
    words = {name: row[name] for name in ("brand", *(name for name, _ in subject.traits)) if row[name]}
    return Item(item_id, own, views.get(item_id, 0), words, row["published_ms"], row["paywalled"], row["title_words"])


def readers(what: Known, agreed: pl.DataFrame) -> Iterator[tuple[int, Reader]]:
    """Every reader who was shown something lately and agreed to personalisation."""
    states = _newest(what.readers.join(agreed, on="user_id", how="semi"), ["user_id", "trait", "word"])
    whole = {row["user_id"]: row for row in states.filter(trait="").iter_rows(named=True)}
    liked: dict[int, dict[str, Counts]] = {}
    for user, trait, word, clicks, expected in (
        states.filter(pl.col("trait") != "").select("user_id", "trait", "word", "clicks", "expected_micros").iter_rows()
    ):
        liked.setdefault(user, {}).setdefault(trait, {})[word] = (clicks, expected)
    for user, row in whole.items():
        yield (
            user,
            Reader(row["clicks"], row["expected_micros"], row["newest_ms"], row["tier"], liked.get(user, {})),
        )


def _newest(states: pl.DataFrame, by: list[str]) -> pl.DataFrame:
    return states.sort("tick", maintain_order=True).unique(by, keep="last", maintain_order=True)


def _by_key(states: pl.DataFrame) -> Counts:
    keys, clicks, expected = (states[name].to_list() for name in ("item_id", "clicks", "expected_micros"))
    return {key: (a, b) for key, a, b in zip(keys, clicks, expected, strict=True)}
