"""The doctor's facts of somebody's own table, by counting alone: nothing is written anywhere, and no row is fetched."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

from readership.errors import InputError
from readership.evaluation.readiness import Facts
from readership.events.consent import bits
from readership.events.mapping import Mapping as SourceMapping
from readership.pipelines.clock import CLOSING, LIVE
from readership.pipelines.doctor import SQL, asking, count, surroundings
from readership.settings import Settings
from readership.warehouse import read_sql

ABSENT = "readership_absent"
OWN = "readership_"
Select = Callable[..., list[dict[str, Any]]]
"""Runs a SELECT with bound values; rows as dicts."""
_EVENTS = {
    "happened": "timestamp", "known": "received_at", "event_type": "event_type", "article": "article_id",
    "title": "article_title", "category": "category", "reading_time": "time_on_page", "identity": "article_id",
    "identity_too": "page_url",
}  # fmt: skip
_SESSIONS = {
    "happened": "session_start", "known": "created_at", "event_type": "", "article": "article_ids_visited",
    "title": "article_titles_visited", "category": "categories_visited", "reading_time": "", "identity": "session_id",
    "identity_too": "",
}  # fmt: skip
_BOTH = (
    "user_id", "device_id", "brand", "timezone", "consent", "registered", "referrer", "device_type", "user_agent",
    "country", "position", "propensity", "period_end", "experiment",
)  # fmt: skip
_COUNTED = ("article_views", "article_clicks", "video_plays", "newsletter_signups", "ad_clicks", "searches")
_OTHERS = {"tier": "subscription_tier", "duration": "session_duration_sec", "ended": "session_end"}


class Table(NamedTuple):
    """A table of somebody's, and the columns this user may see: name -> type."""

    database: str
    name: str
    columns: Mapping[str, str]

    def __str__(self) -> str:
        return f"{self.database}.{self.name}"


def examine_table(
    select: Select,
    table: Table,
    mapping: SourceMapping,
    settings: Settings,
    *,
    source: str,
    as_of: datetime | None = None,
) -> Facts:
    """The facts of `table` as `mapping` reads it.

    Raises InputError naming the column the mapping asks for where the table has none.
    """
    columns = _bound_columns(table, mapping)
    clock = as_of or settings.now or datetime.now(UTC)
    values = {**columns, **_bound_values(mapping, settings), "database": table.database, "table": table.name}
    ask = asking(select, read_sql(SQL, "source_table"), {**values, "as_of": clock})
    overview = ask("overview")[0]
    if not overview["rows"]:
        return _without_rows(select, table, values, source, clock, surroundings(settings))
    now = clock if as_of or settings.now or clock - overview["last"] < LIVE else overview["last"] + CLOSING
    carried = _own(select(read_sql(SQL, "table"), **values)[0])
    used = {*columns.values(), *mapping.columns.values()}
    return Facts(
        source,
        "sessions" if mapping.kind == "sessions" else "events",
        now,
        **count(ask, overview, settings, now),
        fields=carried | dict.fromkeys(mapping.constants, overview["rows"]),
        types=_types(select, ask, mapping, values),
        quarantined=carried["all_rows"] - overview["rows"],
        unmapped=tuple(name for name in table.columns if name not in used),
        to_load=True,
        **surroundings(settings),
    )


def _without_rows(
    select: Select, table: Table, values: Mapping[str, Any], source: str, now: datetime, around: dict[str, Any]
) -> Facts:
    """No row can be read: an empty table, or one whose readers or times the mapping does not meet."""
    found = _own(select(read_sql(SQL, "table"), **values)[0])
    if found["all_rows"]:
        raise InputError(
            f"{table} holds {found['all_rows']:,} rows, {found['with_reader']:,} with a reader and "
            f"{found['with_time']:,} with a time, but none that can be read as the mapping says: check the columns of "
            "user_id and of the time, and [time], in the mapping; nothing was written"
        )
    return Facts(source, "events", now, to_load=True, **around)


def _bound_columns(table: Table, mapping: SourceMapping) -> dict[str, str]:
    """The column each of the statements' parameters stands for."""
    names = _SESSIONS if mapping.kind == "sessions" else _EVENTS
    fields = {**{name: name for name in (*_BOTH, *_COUNTED)}, **_OTHERS, **names}
    for name, column in mapping.columns.items():
        if column not in table.columns:
            raise InputError(
                f"{table}: mapping {mapping.name!r} reads {name!r} from column {column!r}, which the table does not "
                f"have; its columns are {', '.join(table.columns)}; correct the mapping; nothing was written"
            )
    found = {parameter: mapping.column(name) if name else "" for parameter, name in fields.items()}
    return {parameter: column if column in table.columns else ABSENT for parameter, column in found.items()}


def _bound_values(mapping: SourceMapping, settings: Settings) -> dict[str, Any]:
    agreed = mapping.consent if mapping.consent is not None else settings.default_consent
    constants = {"brand": "brand", "timezone": "timezone", "tier": "subscription_tier", "registered": "registered"}
    kind = "session" if mapping.kind == "sessions" else mapping.constants.get("event_type", "")
    return {
        **{f"{name}_constant": mapping.constants.get(field, "") for name, field in constants.items()},
        "type_constant": kind,
        "type_from": list(mapping.event_types),
        "type_to": list(mapping.event_types.values()),
        "tier_from": list(mapping.tiers),
        "tier_to": list(mapping.tiers.values()),
        "zone": mapping.zone or "UTC",
        "zone_brands": list(mapping.brand_timezones),
        "zone_names": list(mapping.brand_timezones.values()),
        "time_pattern": mapping.time_pattern(),
        "default_consent": bits(agreed),
    }


def _types(select: Select, ask: Select, mapping: SourceMapping, values: Mapping[str, Any]) -> dict[str, int]:
    if mapping.kind == "sessions":
        return _own(select(read_sql(SQL, "session_counts"), **values)[0])
    return {row["event_type"]: row["rows"] for row in ask("types")}


def _own(row: dict[str, Any]) -> dict[str, int]:
    return {name.removeprefix(OWN): int(count) for name, count in row.items()}
