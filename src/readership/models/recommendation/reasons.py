"""Why an article stands in a slate, in words for readers and editors."""

from readership.models.recommendation.nouns import Article, Asker

BY_EDITORS, BY_LOT, NEWEST = "editors", "exploration", "newest"
"""Sources beside those of the ranking: a pin or breaking news; drawn by lot; what is left where rules left nothing."""


def reason(article: Article, source: str, because: Article | None, asker: Asker) -> str:
    """One short sentence.

    >>> reason(Article("a", 0, category="sport"), "fresh", None, Asker(0))
    'new in sport'
    >>> reason(Article("a", 0), "together", Article("b", 0, title="The final"), Asker(0))
    'because you read “The final”'
    """
    if source == BY_EDITORS:
        return "chosen by the editors"
    if source == BY_LOT:
        return "something else, drawn by lot"
    if because is not None:
        reading = asker.session and because.article_id == asker.session[-1]
        return f"because you {'are reading' if reading else 'read'} “{because.title or because.article_id}”"
    if source == "popular":
        return "much read in the last hours" + (f" at {asker.brand}" if asker.brand else "")
    return _PLAIN.get(source, "") or (f"new in {article.category}" if article.category else "new")


_PLAIN = {
    "together": "often read together with what you have read",
    "neighbours": "read by others who read what you read",
    "content": "close to what you have read",
    "session": "goes with what you are reading now",
    "factors": "fits what you have read",
    "network": "fits what you have read",
}
