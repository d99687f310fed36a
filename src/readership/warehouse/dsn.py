"""A ClickHouse address with its options: `clickhouse://user:pass@host:8443/database?secure=true&ca_cert=/etc/ca.pem`."""

from typing import Any
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from readership.errors import SettingsError
from readership.settings import redact

SECURE = {"clickhouse": False, "clickhouses": True, "http": False, "https": True}
OPTIONS = (
    "secure", "verify", "ca_cert", "client_cert", "client_cert_key", "server_host_name", "tls_mode", "http_proxy",
    "https_proxy", "proxy_path", "connect_timeout", "send_receive_timeout", "compress",
)  # fmt: skip
_YES, _NO = ("1", "true", "yes", "on"), ("0", "false", "no", "off")


def arguments(dsn: str, *, password: str = "") -> dict[str, Any]:
    """What the driver is called with; the database is left out. `password` is used where the address states none.

    Raises SettingsError naming the part that cannot be used, never the password.

    >>> arguments("clickhouse://me@ch.example:8443?secure=true", password="p")
    {'interface': 'https', 'host': 'ch.example', 'port': 8443, 'username': 'me', 'password': 'p'}
    """
    parts = _split(dsn)
    options = dict(parse_qsl(parts.query, keep_blank_values=True))
    for name in options:
        if name not in OPTIONS:
            raise SettingsError(
                f"{redact(dsn)}: {name!r} is no option of an address; there are {', '.join(OPTIONS)}; see docs/adopt.md"
            )
    secure = _flag(dsn, options, "secure", otherwise=SECURE[parts.scheme] or parts.port in (443, 8443))
    found: dict[str, Any] = {"interface": "https" if secure else "http", "host": parts.hostname}
    found["port"] = parts.port or (8443 if secure else 8123)
    found["username"] = unquote(parts.username or "default")
    found["password"] = unquote(parts.password or "") or password
    if "verify" in options:
        found["verify"] = _flag(dsn, options, "verify", otherwise=True)
    return found | {name: value for name, value in options.items() if name not in ("secure", "verify")}


def place(dsn: str) -> str:
    """Host and port of an address: what names a server in our own tables, without secrets.

    >>> place("clickhouse://me:secret@ch.example/analytics")
    'ch.example:8123'
    """
    found = arguments(dsn)
    return f"{found['host']}:{found['port']}"


def database(dsn: str) -> str:
    """The database an address names; "" where it names none."""
    return unquote(_split(dsn).path.strip("/").split("/")[0])


def _split(dsn: str) -> SplitResult:
    try:
        parts = urlsplit(dsn)
        port = parts.port
    except ValueError as error:
        raise SettingsError(
            f"{_hidden(dsn)} is no address: its port is not a number (a '/', '@', ':', '#' or '?' in a password is "
            "written %2F, %40, %3A, %23, %3F); write clickhouse://user:pass@host:port/database"
        ) from error
    if parts.scheme not in SECURE or not parts.hostname or port == 0:
        raise SettingsError(
            f"{_hidden(dsn)} is no address of a ClickHouse server; write clickhouse://user:pass@host:8123/database"
        )
    return parts


def _hidden(dsn: str) -> str:
    """The address with everything that may be part of a password left out."""
    scheme, found, rest = dsn.partition("://")
    return f"{scheme}://***@{rest.rpartition('@')[2]}" if found and "@" in rest else redact(dsn)


def _flag(dsn: str, options: dict[str, str], name: str, *, otherwise: bool) -> bool:
    value = options.get(name, "").lower()
    if name not in options:
        return otherwise
    if value not in (*_YES, *_NO):
        raise SettingsError(f"{redact(dsn)}: {name} is {options[name]!r}; write true or false")
    return value in _YES
