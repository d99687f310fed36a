"""API keys. The key itself is shown once; `var/keys.json` keeps its sha256, which is enough for 256 random bits."""

import hashlib
import ipaddress
import os
import re
import secrets
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from readership.errors import InputError, SettingsError
from readership.settings import Settings


class Key(msgspec.Struct, frozen=True):
    """One caller's key, as kept."""

    name: str
    sha256: str
    created_at: str


def keys_path(settings: Settings) -> Path:
    """Where keys are kept."""
    return settings.path("var/keys.json")


def create(settings: Settings, name: str) -> str:
    """Make a key for the caller `name`, keep its hash, and return the key; it cannot be shown again."""
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", name):
        raise InputError(f"{name!r} cannot name a key: use up to 64 letters, digits, . _ -")
    path = keys_path(settings)
    kept = read(path)
    if any(key.name == name for key in kept):
        raise InputError(f"there is a key named {name!r} in {path} already; take another name, or remove that entry")
    text = "rdr_" + secrets.token_urlsafe(32)
    _write(path, [*kept, Key(name, digest(text), datetime.now(UTC).isoformat(timespec="seconds"))])
    return text


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


def accepted(settings: Settings) -> frozenset[str] | None:
    """sha256 of the keys that may ask; None where no key is asked for, which is on this machine alone."""
    if not listens_beyond_this_machine(settings.api_host):
        return None
    return frozenset(key.sha256 for key in read(keys_path(settings)))


def digest(text: str) -> str:
    """What is kept of a key."""
    return hashlib.sha256(text.encode()).hexdigest()


def _write(path: Path, keys: list[Key]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    replacement = path.with_name(f".keys.{os.getpid()}.json")
    with os.fdopen(os.open(replacement, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(msgspec.json.format(msgspec.json.encode(keys), indent=2) + b"\n")
    replacement.replace(path)
