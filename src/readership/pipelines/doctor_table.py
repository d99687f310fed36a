"""The doctor's facts of somebody's own table, by counting alone: nothing is written anywhere, and no row is fetched."""

import tempfile
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from readership.errors import InputError
from readership.evaluation.readiness import Facts
from readership.events.consent import bits
from readership.events.mapping import Mapping as SourceMapping
from readership.events.mapping import load_mapping
from readership.pipelines.adopt import propose_mapping
from readership.pipelines.clock import CLOSING, LIVE
from readership.pipelines.doctor import SQL, Ask, asking, count, surroundings
from readership.settings import Settings
from readership.warehouse import read_sql
from readership.warehouse.remote import SourceTable

ABSENT = "readership_absent"
OWN = "readership_"
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


def examine_table(
    table: SourceTable, mapping: SourceMapping | None, settings: Settings, as_of: datetime | None = None
) -> Facts:
    """The facts of `table` as `mapping` reads it, or as one proposed from its columns would.

    Raises InputError naming the column the mapping asks for where the table has none, or what no column was found for.
    """
    mapping = mapping or mapping_of(table, settings)
    source = f"the table {table.name} on {table.source.place} (mapping {mapping.name!r})"
    columns = _bound_columns(table, mapping)
    select = _selecting(table)
    clock = as_of or settings.now or datetime.now(UTC)
    database, _, name = table.name.partition(".")
    values = {**columns, **_bound_values(table, mapping, settings), "database": database, "table": name}
    ask = asking(select, read_sql(SQL, "source_table"), {**values, "as_of": clock})
    carried = _own(select(read_sql(SQL, "table"), **values)[0])
    if not carried["all_rows"]:
        return Facts(source, "sessions", clock, to_load=True, **surroundings(settings))
    overview = ask("overview")[0]
    if not overview["rows"]:
        raise InputError(_unreadable(table, carried))
    now = clock if as_of or settings.now or clock - overview["last"] < LIVE else overview["last"] + CLOSING
    used = {*columns.values(), *mapping.columns.values()}
    return Facts(
        source,
        "sessions" if mapping.kind == "sessions" else "events",
        now,
        **count(ask, overview, settings, now),
        fields={**carried, **dict.fromkeys(mapping.constants, carried["all_rows"])},
        types=_types(select, ask, mapping, values),
        quarantined=carried["all_rows"] - min(carried["with_reader"], carried["with_time"]),
        unmapped=tuple(column for column in table.columns if column not in used),
        to_load=True,
        **surroundings(settings),
    )


def mapping_of(table: SourceTable, settings: Settings) -> SourceMapping:
    """The mapping that `ingest --from` would use: the one in `mappings/`, else one proposed from the columns.

    Nothing is written. InputError names the fields no column was found for.
    """
    kept = settings.path("mappings") / f"{table.name}.toml"
    if kept.is_file():
        return load_mapping(kept)
    found = propose_mapping(table)
    if not found.complete:
        raise InputError(
            f"{table.name}: no column was found for {', '.join(found.missing)}; its columns are "
            f"{', '.join(table.columns)}; say which is which in a TOML file and give it as --mapping; "
            "nothing was written"
        )
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "proposed"
        file.write_text(found.toml, encoding="utf-8")
        return load_mapping(file)


def _unreadable(table: SourceTable, carried: Mapping[str, int]) -> str:
    return (
        f"{table.name} holds {carried['all_rows']:,} rows, {carried['with_reader']:,} with a reader and "
        f"{carried['with_time']:,} with a time, but none that can be read as the mapping says; check user_id, the time "
        "and [time] in the mapping; nothing was written"
    )


def _selecting(table: SourceTable) -> Ask:
    """A function that runs a SELECT on the table's server and returns its rows."""

    def select(sql: str, **values: Any) -> list[dict[str, Any]]:
        rows = table.source.arrow(table.name, sql, **values).to_pylist()
        return [{name: _plain(value) for name, value in row.items()} for row in rows]

    return select


def _plain(value: Any) -> Any:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value


def _bound_columns(table: SourceTable, mapping: SourceMapping) -> dict[str, str]:
    """The column each of the statements' parameters stands for."""
    names = _SESSIONS if mapping.kind == "sessions" else _EVENTS
    fields = {**{name: name for name in (*_BOTH, *_COUNTED)}, **_OTHERS, **names}
    for name, column in mapping.columns.items():
        if column not in table.columns:
            raise InputError(
                f"{table.name}: mapping {mapping.name!r} reads {name!r} from column {column!r}, which the table does "
                f"not have; its columns are {', '.join(table.columns)}; correct the mapping; nothing was written"
            )
    found = {parameter: mapping.column(name) if name else "" for parameter, name in fields.items()}
    return {parameter: column if column in table.columns else ABSENT for parameter, column in found.items()}


def _bound_values(table: SourceTable, mapping: SourceMapping, settings: Settings) -> dict[str, Any]:
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
        "zone": mapping.zone or table.zone,
        "zone_brands": list(mapping.brand_timezones),
        "zone_names": list(mapping.brand_timezones.values()),
        "time_pattern": mapping.time_pattern(),
        "default_consent": bits(agreed),
    }


def _types(select: Ask, ask: Ask, mapping: SourceMapping, values: Mapping[str, Any]) -> dict[str, int]:
    if mapping.kind == "sessions":
        return _own(select(read_sql(SQL, "session_counts"), **values)[0])
    return {row["event_type"]: row["rows"] for row in ask("types")}


def _own(row: dict[str, Any]) -> dict[str, int]:
    return {name.removeprefix(OWN): int(count) for name, count in row.items()}
