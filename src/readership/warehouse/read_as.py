"""How a column of each ClickHouse type is read: times as milliseconds, nested values as JSON, others as text."""

import re

from readership.events.proposal import inner_type

_TIME = re.compile(r"^(DateTime64|DateTime|Date32|Date)\b")
_ZONED = re.compile(r"^DateTime(?:64)?\(.*'(.+)'\)")
_PLAIN = re.compile(r"^(U?Int(8|16|32|64)|Float(32|64)|Bool|String)$")
_NESTED = ("Array", "Map", "Tuple", "JSON", "Object", "Variant", "Dynamic", "Nested")
_UTC = {"UTC", "Etc/UTC", "Etc/UCT", "UCT", "Zulu", "GMT", "Etc/GMT", "Universal", "Etc/Universal"}

_MOMENT = "toUnixTimestamp64Milli(toDateTime64({c:Identifier}, 3))"
_CLOCK = "toUnixTimestamp64Milli(toDateTime64(toString({c:Identifier}), 3, {zone:String}))"
_DAY = "toUnixTimestamp64Milli(toDateTime64({c:Identifier}, 3, {zone:String}))"
_FIXED = "if(isValidUTF8(toString({c:Identifier})), toStringCutToZero({c:Identifier}), lower(hex({c:Identifier})))"
_JSON = "toJSONString({c:Identifier})"
_TEXT = "toString({c:Identifier})"
_AS_IT_IS = "{c:Identifier}"


def read_as(kind: str, number: int, zone: str, server_zone: str) -> str:
    """The expression that reads column `c<number>` of this type; `zone` is that of times which state none.

    >>> read_as("Nullable(UUID)", 3, "", "UTC")
    'toString({c3:Identifier}) AS readership_3'
    """
    inner = inner_type(kind)
    if inner.startswith("Date") and _TIME.match(inner):
        form = _time(inner, zone, server_zone)
    elif _PLAIN.match(inner):
        form = _AS_IT_IS
    elif inner.startswith("FixedString"):
        form = _FIXED
    else:
        form = _JSON if inner.startswith(_NESTED) else _TEXT
    return f"{form.replace('{c:', f'{{c{number}:')} AS readership_{number}"


def part_of(kind: str) -> str:
    """The expression for the part of the table that a row belongs to, by the column `axis` of this type.

    A day where the type allows it, so that the engine finds a part without reading the rest.
    """
    inner = inner_type(kind)
    if is_time(kind):
        day = "toDate({axis:Identifier})" if inner in ("Date", "Date32") else "toDate({axis:Identifier}, 'UTC')"
        return f"ifNull({day}, toDate('1970-01-01'))" if "Nullable" in kind else day
    if re.match(r"^U?Int", inner):
        seconds = "if(abs({axis:Identifier}) < 100000000000, {axis:Identifier}, intDiv({axis:Identifier}, 1000))"
        return f"ifNull(toString(intDiv({seconds}, 86400)), '')"
    return "ifNull(substring(toString({axis:Identifier}), 1, 10), '')"


def is_time(kind: str) -> bool:
    """Whether a column of this type holds times."""
    return bool(_TIME.match(inner_type(kind)))


def states_zone(kind: str) -> bool:
    """Whether a column's type says in which zone its times are."""
    return bool(_ZONED.match(inner_type(kind)))


def _time(inner: str, zone: str, server_zone: str) -> str:
    if not inner.startswith("DateTime"):
        return _DAY
    same = not zone or zone == server_zone or {zone, server_zone} <= _UTC
    return _MOMENT if same or states_zone(inner) else _CLOCK
