"""The parts of a mapping's TOML file, read so that every value that cannot be used is named."""

import tomllib
from collections.abc import Mapping as Dictionary
from collections.abc import Set
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from readership.errors import InputError

TIME_FORMATS = ("auto", "epoch_seconds", "epoch_milliseconds")


def read_toml(name: str, file: Traversable | Path) -> dict[str, Any]:
    """What the file says; raises InputError where it is no TOML."""
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"mapping {name} is not TOML: {error}; correct the file and run the same command") from error


def expect_keys(name: str, where: str, found: Dictionary[str, Any], known: Set[str]) -> None:
    """Raise InputError where a part of a mapping has a key that means nothing there."""
    for key in found:
        if key not in known:
            raise InputError(
                f"mapping {name}: {where} has the unknown key {key!r}; known are {', '.join(sorted(known))}"
            )


def table_of(name: str, values: Dictionary[str, Any], key: str) -> Dictionary[str, Any]:
    """A table of a mapping's TOML; empty where there is none."""
    table = values.get(key, {})
    if not isinstance(table, dict):
        raise InputError(f"mapping {name}: {key!r} is {table!r}; it must be a table: [{key}]")
    return table


def texts_of(name: str, values: Dictionary[str, Any], key: str, *, may_be_empty: bool = False) -> Dictionary[str, str]:
    """A table of a mapping's TOML whose every value is a text."""
    table = table_of(name, values, key)
    for entry, value in table.items():
        if not isinstance(value, str) or not (value or may_be_empty):
            raise InputError(f"mapping {name}: [{key}] {entry} is {value!r}; it must be a text")
    return table


def text_of(name: str, where: str, values: Dictionary[str, Any], key: str) -> str:
    """A text of a mapping's TOML; "" where there is none."""
    value = values.get(key, "")
    if not isinstance(value, str) or (key in values and not value):
        raise InputError(f"mapping {name}: {where} {key} is {value!r}; it must be a text")
    return value


def list_of(name: str, where: str, values: Dictionary[str, Any], key: str) -> tuple[str, ...]:
    """A list of texts of a mapping's TOML; empty where there is none."""
    value = values.get(key, [])
    if not isinstance(value, list) or not all(isinstance(entry, str) for entry in value):
        raise InputError(f"mapping {name}: {where} {key} is {value!r}; it must be a list of texts")
    return tuple(value)


def flag_of(name: str, where: str, values: Dictionary[str, Any], key: str, *, otherwise: bool) -> bool:
    """A yes or no of a mapping's TOML."""
    value = values.get(key, otherwise)
    if not isinstance(value, bool):
        raise InputError(f"mapping {name}: {where} {key} is {value!r}; write true or false")
    return value


def check_time(name: str, time_format: str, *zones: str) -> None:
    """Raise InputError where the format of times is none, or one of the zones is none."""
    if time_format not in TIME_FORMATS and "%" not in time_format:
        raise InputError(
            f"mapping {name}: [time] format is {time_format!r}; "
            f"choose among {', '.join(TIME_FORMATS)}, or a pattern such as '%d/%m/%Y %H:%M:%S'"
        )
    for zone in zones:
        try:
            ZoneInfo(zone)
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            raise InputError(
                f"mapping {name}: {zone!r} is not a time zone; write one such as 'Europe/Paris'"
            ) from error
