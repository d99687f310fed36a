"""Answers held back until they are whole: large ones are compressed, what the caller has already is not sent again."""

import hashlib
import zlib
from collections.abc import Sequence

from starlette.types import Message, Scope, Send

COMPRESSED_FROM = 8 * 1024
"""Bytes from which compression saves more time on the way than it takes: a slate of ten has 3,000."""
KNOWN_AGAIN = ("/v1/models", "/openapi.json")
"""Paths whose answers change rarely: they carry an ETag, and `If-None-Match` is answered with 304."""
_LEVEL, _GZIP = 1, 31
_TEXT = (b"application/json", b"application/problem+json", b"text/")
Headers = Sequence[tuple[bytes, bytes]]


class Whole:
    """Sends the answer to one request; `send` is what it goes to."""

    def __init__(self, scope: Scope, send: Send) -> None:
        asked = dict(scope["headers"])
        self._gzip = b"gzip" in asked.get(b"accept-encoding", b"")
        self._known = asked.get(b"if-none-match") if scope["method"] == "GET" else None
        self._tagged = scope["path"] in KNOWN_AGAIN and scope["method"] == "GET"
        self._send = send
        self._start: Message | None = None

    async def __call__(self, message: Message) -> None:
        """Pass a message on, or hold the beginning back until the body is there."""
        if message["type"] == "http.response.start" and self._held_back(message):
            self._start = message
            return
        if self._start is None or message["type"] != "http.response.body":
            await self._send(message)
            return
        start, self._start = self._start, None
        if message.get("more_body"):
            await self._send(start)
            await self._send(message)
            return
        for part in self._whole(start, message.get("body", b"")):
            await self._send(part)

    def _held_back(self, start: Message) -> bool:
        headers = dict(start["headers"])
        large = int(headers.get(b"content-length", b"0")) >= COMPRESSED_FROM
        text = headers.get(b"content-type", b"").startswith(_TEXT)
        return start["status"] == 200 and ((self._tagged) or (self._gzip and large and text))

    def _whole(self, start: Message, body: bytes) -> tuple[Message, Message]:
        headers = [(name, value) for name, value in start["headers"] if name != b"content-length"]
        headers.append((b"vary", b"accept-encoding"))
        if self._tagged:
            tag = b'"%s"' % hashlib.sha256(body).hexdigest()[:32].encode()
            headers = [(name, value) for name, value in headers if name != b"cache-control"]
            headers += [(b"etag", b"W/" + tag), (b"cache-control", b"no-cache")]
            if self._known is not None and tag in self._known:
                return {**start, "status": 304, "headers": headers}, {"type": "http.response.body", "body": b""}
        if self._gzip and len(body) >= COMPRESSED_FROM:
            packed = zlib.compressobj(_LEVEL, wbits=_GZIP)
            body = packed.compress(body) + packed.flush()
            headers.append((b"content-encoding", b"gzip"))
        headers.append((b"content-length", str(len(body)).encode()))
        return {**start, "headers": headers}, {"type": "http.response.body", "body": body}
