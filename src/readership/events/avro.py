"""Avro whose schema lies in a registry (Confluent's wire format): a zero byte, the schema's number, the value."""

import base64
import io
import json
import struct
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlsplit, urlunsplit
from urllib.request import ProxyHandler, Request, build_opener
from uuid import UUID

from readership.errors import DeliveryError, MissingExtra, SettingsError
from readership.settings import Settings

ANSWER_SECONDS = 10.0
_HEADER = struct.Struct(">bI")
_ACCEPT = "application/vnd.schemaregistry.v1+json"


class NotAvro(Exception):
    """A message is not Avro of the registry, as the message says."""


class SchemaRegistry:
    """Asks for each schema once; schemas never change under their number."""

    def __init__(self, address: str) -> None:
        parts = urlsplit(address)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise SettingsError("READERSHIP_SCHEMA_REGISTRY is no http:// or https:// address of a schema registry")
        host = parts.hostname + (f":{parts.port}" if parts.port else "")
        self._address = urlunsplit((parts.scheme, host, parts.path.rstrip("/"), "", ""))
        self._headers = {"Accept": _ACCEPT}
        if parts.username:
            told = base64.b64encode(f"{parts.username}:{parts.password or ''}".encode()).decode()
            self._headers["Authorization"] = f"Basic {told}"
        self._open = build_opener(*([ProxyHandler({})] if parts.hostname in ("localhost", "127.0.0.1") else [])).open
        self._schemas: dict[int, Any] = {}

    def schema(self, number: int) -> Any:
        """A schema, parsed. Raises NotAvro where there is none of this number, DeliveryError where nobody answers."""
        if number not in self._schemas:
            self._schemas[number] = _parsed(self._asked(f"/schemas/ids/{number}", f"schema {number}"))
        return self._schemas[number]

    def _asked(self, path: str, what: str) -> str:
        request = Request(self._address + path, headers=self._headers)
        try:
            with self._open(request, timeout=ANSWER_SECONDS) as answer:
                return str(json.load(answer)["schema"])
        except HTTPError as error:
            if error.code == 404:
                raise NotAvro(f"{what} is not in the registry {self._address}") from error
            raise DeliveryError(self._away(f"it answered {error.code}")) from error
        except (OSError, ValueError, KeyError) as error:
            raise DeliveryError(self._away(str(error))) from error

    def _away(self, why: str) -> str:
        return (
            f"the schema registry {self._address} does not answer as one: {why}; check READERSHIP_SCHEMA_REGISTRY; "
            "nothing was committed, run the same command again"
        )


def avro_reader(settings: Settings) -> Callable[[bytes], bytes]:
    """A function that turns a message into JSON text.

    It raises NotAvro for what cannot be read, and DeliveryError where the registry is away.
    """
    if settings.schema_registry is None:
        raise SettingsError("READERSHIP_SCHEMA_REGISTRY is not set; `--avro` asks it for schemas")
    try:
        from fastavro import schemaless_reader
    except ModuleNotFoundError as error:
        raise MissingExtra(f"Avro needs {error.name}; `pip install 'readership[kafka]'`") from error
    registry = SchemaRegistry(settings.schema_registry.get_secret_value())

    def read(value: bytes) -> bytes:
        if len(value) < _HEADER.size or value[0] != 0:
            raise NotAvro("does not begin as Avro of a schema registry does")
        _, number = _HEADER.unpack_from(value)
        schema = registry.schema(number)
        try:
            found = schemaless_reader(io.BytesIO(value[_HEADER.size :]), schema, None)
            return json.dumps(found, default=_plain, allow_nan=False).encode()
        except Exception as error:  # whatever a decoder says about bytes that do not fit their schema
            raise NotAvro(f"does not fit schema {number}: {type(error).__name__}: {error}") from error

    return read


def _parsed(text: str) -> Any:
    from fastavro import parse_schema

    try:
        return parse_schema(json.loads(text))
    except Exception as error:  # fastavro has several, and refers to other schemas by KeyError
        raise NotAvro(f"its schema cannot be read: {type(error).__name__}: {error}") from error


def _plain(value: Any) -> Any:
    """Avro's logical types as JSON has them.

    >>> _plain(Decimal("9.90")), _plain(b"a"), _plain(UUID(int=1))
    ('9.90', 'YQ==', '00000000-0000-0000-0000-000000000001')
    """
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, Decimal | UUID):
        return str(value)
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    raise TypeError(f"{type(value).__name__} has no form in JSON")
