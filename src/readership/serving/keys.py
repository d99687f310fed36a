"""API keys and what each may do. A key is shown once; `var/keys.json` keeps its sha256, enough for 256 random bits."""

import hashlib
import ipaddress
import os
import re
import secrets
from collections.abc import Collection, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec

from readership.errors import InputError, SettingsError
from readership.settings import Settings

SCOPES = {
    "read": "ask about readers and articles, and for variants",
    "score": "have clicks and rows scored, and ads selected",
    "ingest": "send events and articles",
    "admin": "erase readers, see how far that is, and see which models are live",
}
"""What a key may do."""
USUAL = ("read", "score", "ingest")
"""What a key may do where nothing else was said when it was made."""
ROUTES = (
    ("GET", "/v1/models", "admin"),
    ("GET", "/v1/erasures/", "admin"),
    ("GET", "/", "read"),
    ("POST", "/v1/events", "ingest"),
    ("PUT", "/v1/articles/", "ingest"),
    ("POST", "/v1/", "score"),
    ("POST", "/v2/", "score"),
)
"""Method, beginning of the path, and the scope it takes; the first that fits holds. Everything else takes `admin`."""

Accepted = Mapping[str, Collection[str]]
"""sha256 of every key that may ask, and its scopes."""


class Key(msgspec.Struct, frozen=True):
    """One caller's key, as kept. `until`: it was replaced, and is taken only until then."""

    name: str
    sha256: str
    created_at: str
    scopes: tuple[str, ...] = USUAL
    until: str | None = None

    @property
    def valid(self) -> bool:
        """Whether it is taken now."""
        return self.until is None or datetime.now(UTC) < datetime.fromisoformat(self.until)


def keys_path(settings: Settings) -> Path:
    """Where keys are kept."""
    return settings.path("var/keys.json")


def create(settings: Settings, name: str, scopes: Collection[str] = USUAL) -> str:
    """Make a key for the caller `name`, keep its hash, and return the key; it cannot be shown again."""
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", name):
        raise InputError(f"{name!r} cannot name a key: use up to 64 letters, digits, . _ -")
    if not scopes or set(scopes) - set(SCOPES):
        raise InputError(f"scopes are {', '.join(scopes) or 'none'}; a key has one or more of {', '.join(SCOPES)}")
    path = keys_path(settings)
    kept = read(path)
    if any(key.name == name and key.valid for key in kept):
        raise InputError(
            f"there is a key named {name!r} in {path} already; take another name, or `readership keys rotate {name}`"
        )
    text, key = _make(name, tuple(scope for scope in SCOPES if scope in scopes))
    _write(path, [*_standing(kept), key])
    return text


def rotate(settings: Settings, name: str, grace: timedelta) -> str:
    """Make a key in place of that of the caller `name`, with its scopes; the old one is taken for `grace` yet."""
    kept, old = _named(settings, name)
    text, key = _make(name, old.scopes)
    until = (datetime.now(UTC) + grace).isoformat(timespec="seconds")
    replaced = [_ending(one, until) if one.name == name else one for one in kept]
    _write(keys_path(settings), [*_standing(replaced), key])
    return text


def revoke(settings: Settings, name: str) -> None:
    """Take no key of the caller `name` any more."""
    kept, _ = _named(settings, name)
    _write(keys_path(settings), [key for key in kept if key.name != name])


def listed(settings: Settings) -> list[dict[str, Any]]:
    """The keys there are, without what would let anybody in."""
    return [
        {"name": key.name, "scopes": list(key.scopes), "created_at": key.created_at, "until": key.until}
        for key in _standing(read(keys_path(settings)))
    ]


def read(path: Path) -> list[Key]:
    """The keys kept in `path`; none when there is no such file."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=list[Key])
    except FileNotFoundError:
        return []
    except (OSError, msgspec.DecodeError) as error:
        raise SettingsError(f"{path} cannot be read: {error}; restore it, or delete it and create keys anew") from error


def listens_beyond_this_machine(host: str) -> bool:
    """Whether others can reach a server bound to `host`; a name that is no address counts as reachable.

    >>> [listens_beyond_this_machine(host) for host in ("127.0.0.1", "::1", "localhost", "0.0.0.0")]
    [False, False, False, True]
    """
    try:
        return not ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host != "localhost"


def accepted(settings: Settings) -> Accepted | None:
    """The keys that may ask; None where no key is asked for, which is on this machine alone."""
    if not listens_beyond_this_machine(settings.api_host):
        return None
    return {key.sha256: frozenset(key.scopes) for key in _standing(read(keys_path(settings)))}


def scope_of(method: str, path: str) -> str:
    """What a key needs for this request.

    >>> scope_of("GET", "/v1/readers/42/churn"), scope_of("DELETE", "/v1/readers/42"), scope_of("POST", "/v1/events")
    ('read', 'admin', 'ingest')
    """
    asked = "GET" if method in ("HEAD", "OPTIONS") else method
    return next((scope for verb, begin, scope in ROUTES if verb == asked and path.startswith(begin)), "admin")


def digest(text: str) -> str:
    """What is kept of a key."""
    return hashlib.sha256(text.encode()).hexdigest()


def _make(name: str, scopes: tuple[str, ...]) -> tuple[str, Key]:
    text = "rdr_" + secrets.token_urlsafe(32)
    return text, Key(name, digest(text), datetime.now(UTC).isoformat(timespec="seconds"), scopes)


def _named(settings: Settings, name: str) -> tuple[list[Key], Key]:
    """All keys, and the newest of this name."""
    kept = _standing(read(keys_path(settings)))
    of_name = [key for key in kept if key.name == name]
    if not of_name:
        there = ", ".join(sorted({key.name for key in kept})) or "none"
        raise InputError(f"there is no key named {name!r}; there are: {there}; nothing was changed")
    return kept, of_name[-1]


def _ending(key: Key, until: str) -> Key:
    """The key, taken no longer than that; one that ends before does so still."""
    return msgspec.structs.replace(key, until=min(until, key.until or until))


def _standing(kept: Collection[Key]) -> list[Key]:
    return [key for key in kept if key.valid]


def _write(path: Path, keys: list[Key]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    replacement = path.with_name(f".keys.{os.getpid()}.json")
    with os.fdopen(os.open(replacement, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(msgspec.json.format(msgspec.json.encode(keys), indent=2) + b"\n")
    replacement.replace(path)
