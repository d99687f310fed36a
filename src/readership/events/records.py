"""What a publisher records about readers, articles and ads besides events; docs/records.md says what each field means.

A row of these tables says how something is, from a moment on (`valid_from`), and when the publisher knew it
(`received_at`). Rows are never changed: another one with the same key and a later `received_at` is its next version.
"""

from dataclasses import dataclass

VERSION_FIELDS = ("valid_from", "received_at")
"""Optional in every table."""


@dataclass(frozen=True)
class RecordTable:
    """One table: which fields a source may state, and how a row's versions are told apart.

    key         fields that name the thing; rows that share them are versions of it
    required    fields no row can do without
    begins      the field that says since when a row is true where it states no `valid_from`
    ended       the fields that say how it ended, which is not known before it did; empty where nothing ends early
    """

    name: str
    key: tuple[str, ...]
    required: tuple[str, ...]
    begins: str
    ended: tuple[str, ...]
    texts: tuple[str, ...]
    times: tuple[str, ...]
    money: tuple[str, ...] = ()
    counts: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()
    lists: tuple[str, ...] = ()
    maps: tuple[str, ...] = ()

    @property
    def fields(self) -> tuple[str, ...]:
        """Every field a source may state."""
        return (
            *self.texts,
            *self.times,
            *self.money,
            *self.counts,
            *self.flags,
            *self.lists,
            *self.maps,
            *VERSION_FIELDS,
        )

    @property
    def all_times(self) -> tuple[str, ...]:
        """Every field that holds a time."""
        return (*self.times, *VERSION_FIELDS)


SUBSCRIPTIONS = RecordTable(
    name="subscriptions",
    key=("user_id", "plan", "period_start"),
    required=("user_id", "period_start", "period_end"),
    begins="period_start",
    ended=("cancelled_at", "reason"),
    texts=("user_id", "plan", "reason", "brand"),
    times=("period_start", "period_end", "cancelled_at"),
    money=("price_eur",),
)
ARTICLES = RecordTable(
    name="articles",
    key=("article_id",),
    required=("article_id", "published_at"),
    begins="published_at",
    ended=("withdrawn_at",),
    texts=("article_id", "brand", "category", "author", "title", "body", "article_type"),
    times=("published_at", "withdrawn_at"),
    flags=("paywalled",),
    lists=("topics",),
)
ADS = RecordTable(
    name="ads",
    key=("ad_id",),
    required=("ad_id", "starts_at"),
    begins="starts_at",
    ended=(),
    texts=("ad_id", "campaign_id", "brand", "placement", "category"),
    times=("starts_at", "ends_at"),
    money=("bid_eur", "per_thousand_eur", "budget_eur", "reserve_eur"),
    counts=("most_a_day",),
    maps=("targeting",),
)
RECORD_TABLES = {table.name: table for table in (SUBSCRIPTIONS, ARTICLES, ADS)}
