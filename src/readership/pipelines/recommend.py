"""`readership recommend`: the slate the API would answer with now, and how it came about."""

import secrets
from math import isnan
from typing import Any

from readership.models.recommendation.composition import Item, Slate
from readership.models.recommendation.eligible import Wish
from readership.models.recommendation.features import NAMES
from readership.models.recommendation.nouns import Asker
from readership.models.recommendation.recommender import Recommender
from readership.models.recommendation.rules import Rules
from readership.serving.asking import asking
from readership.serving.desk import Desk
from readership.serving.live_models import LiveModels
from readership.serving.recommendations import POPULARITY, slate_for, stored_tier
from readership.settings import Settings

SHOWN = ("popular_rank", "together_rank", "neighbours_rank", "newest_rank", "content", "hours_old")
"""Features that stand in the printed table; the JSON has all of them."""


def recommend(settings: Settings, reader_id: str, *, n: int, brand: str = "", explain: bool = False) -> dict[str, Any]:
    """The slate for a reader, from published memory, state, champion and `rules.toml`; nothing is kept of it.

    With `explain` also the features of each article, the ranking before the rules, and what each rule did.
    """
    models = LiveModels(settings)
    models.now = models.prepare()
    desk = Desk(settings, models)
    desk.look()
    while desk.learn():
        pass
    try:
        return _slate(desk, models, reader_id, n, brand, explain)
    finally:
        desk.close()


def _slate(desk: Desk, models: LiveModels, reader_id: str, n: int, brand: str, explain: bool) -> dict[str, Any]:
    answering = desk.recommender.now
    asked = asking(answering, desk.recording(), reader_id, brand)
    wish = Wish(n, secrets.token_hex(16), (), stored_tier(models, reader_id))
    after = slate_for(answering, asked, wish, desk.rules.now)
    bundle = answering.ranker.bundle
    told: dict[str, Any] = {
        "reader_id": reader_id,
        "personalised": asked.personalised,
        "personalised_note": asked.note,
        "ranked_by": bundle.manifest.version if bundle else POPULARITY,
        "memory_as_of": answering.as_of,
        "notes": list(after.notes),
        "troubles": [trouble.detail for trouble in desk.troubles],
        "recommendations": [_item(item) for item in after.items],
    }
    if not explain:
        return told
    before = slate_for(answering, asked, wish, Rules(explored_slot=0))
    _add_features(told["recommendations"], answering.recommender, asked.asker)
    return told | {
        "before_rules": [item.article.article_id for item in before.items],
        "after_rules": [item.article.article_id for item in after.items],
        "rules": _effects(before, after),
    }


def _item(item: Item) -> dict[str, Any]:
    return {
        "slot": item.slot,
        "article_id": item.article.article_id,
        "title": item.article.title,
        "category": item.article.category,
        "score": None if isnan(item.score) else round(item.score, 4),
        "source": item.source,
        "reason": item.reason,
        "propensity": item.propensity,
        "rule": item.rule,
    }


def _add_features(items: list[dict[str, Any]], engine: Recommender, asker: Asker) -> None:
    """What the ranker saw of each article; null for one that no source brought."""
    shortlist = engine.shortlist(asker)
    rows = {place: row for row, place in enumerate(shortlist.candidates.place.tolist())}
    for item in items:
        row = rows.get(engine.catalogue.place(item["article_id"]) or 0)
        values = shortlist.features[row].tolist() if row is not None else None
        item["features"] = (
            {name: None if isnan(value) else round(value, 4) for name, value in zip(NAMES, values, strict=True)}
            if values
            else None
        )


def _effects(before: Slate, after: Slate) -> list[dict[str, str]]:
    """What the rules did, once each, to articles that stand in either slate first."""
    near = {item.article.article_id for item in (*before.items, *after.items)}
    found = dict.fromkeys(after.effects)
    ordered = sorted(found, key=lambda effect: effect.article_id not in near)
    return [effect._asdict() for effect in ordered]


def lines(told: dict[str, Any]) -> list[str]:
    """The slate as a table for people."""
    known = "personal" if told["personalised"] else "not personal"
    note = f" ({told['personalised_note']})" if told["personalised_note"] else ""
    head = [f"reader {told['reader_id']}: {known}{note}; ranked by {told['ranked_by']}"]
    head += [f"note: {note}" for note in told["notes"]]
    rows = [line for item in told["recommendations"] for line in _lines(item)]
    if "rules" not in told:
        return head + rows
    rules = [f"  {effect['rule']}: {effect['article_id']} {effect['did']}" for effect in told["rules"][:20]]
    return [
        *head,
        *rows,
        f"before the rules: {', '.join(told['before_rules'])}",
        f"after the rules:  {', '.join(told['after_rules'])}",
        *(["what the rules did:", *rules] if rules else ["no rule did anything"]),
    ]


def _lines(item: dict[str, Any]) -> list[str]:
    by = f" [{item['rule']}]" if item["rule"] else ""
    drawn = f" (propensity {item['propensity']:.4f})" if item["propensity"] is not None else ""
    what = f"{item['slot']:>2}  {item['article_id']}  {item['title'][:60]}"
    first = f"{what}  · {item['source']}{by}: {item['reason']}{drawn}"
    if not item.get("features"):
        return [first]
    shown = ", ".join(f"{name} {item['features'][name]}" for name in SHOWN)
    return [first, f"      {shown}"]
