"""A first mapping for a table nobody described: which of its columns is which field, by name and type.

Nothing is read but the columns' names and types, so a proposal costs nothing and is to be checked by a person.
"""

import json
import re
from collections.abc import Mapping as Dictionary
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from readership.events.fields import KINDS
from readership.events.synonyms import SYNONYMS
from readership.events.tiers import our_tier

_TIME = re.compile(r"^(DateTime|DateTime64|Date|Date32)\b")
_ZONED = re.compile(r"^DateTime(64)?\(.*'.+'\)")
_NUMBER = re.compile(r"^(U?Int\d+|Float\d+|Decimal|BFloat16)")
_TIMES = {"timestamp", "received_at", "period_end", "session_start", "session_end", "created_at"}
_NUMBERS = {
    "session_duration_sec", "total_events", "article_views", "article_clicks", "article_completes", "video_plays",
    "newsletter_signups", "ad_clicks", "searches", "pages_visited_count", "unique_pages_count", "scroll_depth",
    "time_on_page", "read_progress", "video_duration", "playback_position", "results_count", "ad_revenue", "position",
    "propensity", "price_eur",
}  # fmt: skip
_LISTS = {"categories_visited", "article_ids_visited", "article_titles_visited", "page_events"}


@dataclass(frozen=True)
class Proposal:
    """A mapping to check and edit.

    kind      what a row of the table seems to be: events, or sessions
    toml      the mapping file's text; it can be loaded once nothing is missing
    matched   field -> column
    missing   fields without which nothing can be read ("a or b" where one of two is enough)
    absent    other fields no column was found for
    unused    columns that are no field
    notes     what a person has to decide, in words
    """

    kind: str
    toml: str
    matched: Dictionary[str, str]
    missing: tuple[str, ...]
    absent: tuple[str, ...]
    unused: tuple[str, ...]
    notes: tuple[str, ...]

    @property
    def complete(self) -> bool:
        """Whether the mapping can be used as it is."""
        return not self.missing

    def as_dict(self) -> dict[str, Any]:
        """For `--json`: everything but the text of the file."""
        values = {name: value for name, value in vars(self).items() if name != "toml"}
        return {name: list(value) if isinstance(value, tuple) else value for name, value in values.items()}


def propose(
    columns: Dictionary[str, str], *, kind: str | None = None, zone: str = "UTC", tiers: Sequence[str] = ()
) -> Proposal:
    """A mapping for a table with these columns (name -> ClickHouse type).

    `kind` is chosen by the columns where it is not given; `zone` is the zone that the server shows times in, for
    columns that state none; `tiers` are the values of the tier column, where somebody looked.

    >>> found = propose({"uid": "UUID", "visit_start": "DateTime", "visit_end": "DateTime"})
    >>> found.kind, dict(found.matched), found.missing
    ('sessions', {'user_id': 'uid', 'session_start': 'visit_start', 'session_end': 'visit_end'}, ())
    """
    chosen = kind or _kind(columns)
    matched = _matched(columns, chosen)
    row = KINDS[chosen]
    missing = [name for name in row.required if name not in matched]
    missing += [f"{one} or {other}" for one, other in row.either if one not in matched and other not in matched]
    proposal = Proposal(
        kind=chosen,
        toml="",
        matched=matched,
        missing=tuple(missing),
        absent=tuple(name for name in row.fields if name not in matched and name not in missing),
        unused=tuple(name for name in columns if name not in matched.values()),
        notes=(),
    )
    unzoned = [column for column in _time_columns(proposal) if _states_no_zone(columns[column])]
    notes = _notes(proposal, unzoned, zone)
    toml = _toml(proposal, columns, zone if unzoned else "", tiers, notes)
    return Proposal(**{**vars(proposal), "toml": toml, "notes": tuple(notes)})


def inner_type(kind: str) -> str:
    """A type without what wraps it.

    >>> inner_type("LowCardinality(Nullable(String))")
    'String'
    """
    while (found := re.match(r"^(?:Nullable|LowCardinality)\((.*)\)$", kind)) is not None:
        kind = found[1]
    return kind


def _kind(columns: Dictionary[str, str]) -> str:
    """Events have a type each; sessions begin and end."""
    events, sessions = _matched(columns, "events"), _matched(columns, "sessions")
    if "event_type" in events and "timestamp" in events:
        return "events"
    if "session_start" in sessions:
        return "sessions"
    return "sessions" if len(sessions) > len(events) else "events"


def _matched(columns: Dictionary[str, str], kind: str) -> dict[str, str]:
    """field -> column; a column that has the field's own name comes first, then synonyms in their order."""
    plain: dict[str, str] = {}
    for column in columns:
        plain.setdefault(_plain(column), column)
    found: dict[str, str] = {}
    for own in (True, False):
        for name in KINDS[kind].fields:
            for other in (name,) if own else SYNONYMS.get(name, ()):
                column = plain.get(_plain(other), "")
                if column and name not in found and column not in found.values() and _fits(name, columns[column]):
                    found[name] = column
    return {name: found[name] for name in KINDS[kind].fields if name in found}


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


def _fits(name: str, kind: str) -> bool:
    """Whether a column of this type can be the field."""
    inner = inner_type(kind)
    if name in _TIMES:
        return bool(_TIME.match(inner) or _NUMBER.match(inner) or inner == "String")
    if name in _NUMBERS:
        return bool(_NUMBER.match(inner) or inner == "String")
    if name in _LISTS:
        return inner == "String" or inner.startswith(("Array", "JSON", "Tuple", "Nested"))
    return not inner.startswith(("Array", "Nested")) and not (
        _TIME.match(inner) or inner.startswith("AggregateFunction")
    )


def _time_columns(proposal: Proposal) -> list[str]:
    return [column for name, column in proposal.matched.items() if name in KINDS[proposal.kind].times]


def _states_no_zone(kind: str) -> bool:
    inner = inner_type(kind)
    return inner == "String" or bool(_TIME.match(inner) and not _ZONED.match(inner))


def _notes(proposal: Proposal, unzoned: Sequence[str], zone: str) -> list[str]:
    notes = [f"no column was found for {name}; every row needs one" for name in proposal.missing]
    if unzoned:
        notes.append(f"{', '.join(unzoned)} state no time zone: zone says in which one the times you see are ({zone}?)")
    if "consent" not in proposal.matched:
        notes.append("no column says what readers agreed to: say it under [consent], or by --consent")
    if proposal.kind == "sessions" and "created_at" not in proposal.matched:
        notes.append("no column says when a row was written: each session counts as known when it ended")
    if proposal.kind == "sessions" and "subscription_tier" not in proposal.matched:
        notes.append("no subscription tier: without one or `registered`, nobody counts as a registered reader")
    return notes


def _toml(
    proposal: Proposal, columns: Dictionary[str, str], zone: str, tiers: Sequence[str], notes: Sequence[str]
) -> str:
    lines = [f"# Proposed from the columns of a table of {proposal.kind}; check every line, then use it by --mapping."]
    lines += [f"# - {note}" for note in notes]
    lines += ["", f"kind = {_text(proposal.kind)}", "", "[columns]"]
    lines += [f"{name} = {_text(column)} # {columns[column]}" for name, column in proposal.matched.items()]
    lines += [f'# {name} = "" # needed' for name in proposal.missing]
    if proposal.unused:
        lines += ["", "# Columns that are not read:"]
        lines += [f"# {_text(column)} ({columns[column]})" for column in proposal.unused]
    if proposal.kind == "sessions" and tiers:
        lines += ["", '[tiers] # free: an account that pays nothing; "": no account']
        lines += [f"{_text(tier)} = {_text(our_tier(tier))}" for tier in tiers if tier]
    if zone:
        lines += ["", "[time]", f"zone = {_text(zone)} # of times that state none"]
    if "consent" not in proposal.matched:
        lines += ["", "# [consent] # what every reader of this table agreed to", '# purposes = ["analytics"]']
    return "\n".join(lines) + "\n"


def _text(value: str) -> str:
    return json.dumps(value, ensure_ascii=False)
