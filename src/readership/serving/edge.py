"""What happens around every request: its id, key, length and limits checked, security headers, one measurement.

A plain ASGI wrapper, because Starlette's function middleware costs a task per request.
"""

import asyncio
import logging
import re
import secrets
from collections.abc import Callable
from itertools import count
from time import perf_counter

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from readership.serving.admission import Admission
from readership.serving.draining import Draining
from readership.serving.keys import Accepted, digest, scope_of
from readership.serving.metrics import RequestMetrics
from readership.serving.problems import Problem
from readership.serving.whole import Whole

log = logging.getLogger("readership.serving")
OPEN_PATHS = ("/healthz", "/readyz", "/v2/health/", "/docs", "/openapi.json")
_OUR_OWN_PAGES = b"default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; frame-ancestors 'none'"
_NOTHING = b"default-src 'none'; frame-ancestors 'none'"
_ALWAYS = [
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
]
_ANSWER = [*_ALWAYS, (b"cache-control", b"no-store"), (b"content-security-policy", _NOTHING)]
_PAGE = [*_ALWAYS, (b"cache-control", b"no-cache"), (b"content-security-policy", _OUR_OWN_PAGES)]
LONGEST_BODY = 5 * 2**20
_SANE_ID = re.compile(rb"[A-Za-z0-9._:-]{1,64}")


class Edge:
    """Wraps the application. `key_digests` gives the sha256 of valid keys, or None where no key is asked for."""

    def __init__(
        self,
        app: ASGIApp,
        metrics: RequestMetrics,
        key_digests: Callable[[], Accepted | None],
        admission: Admission,
        draining: Draining,
    ) -> None:
        self.app = app
        self._admission, self._draining = admission, draining
        self._metrics = metrics
        self._key_digests = key_digests
        self._prefix = secrets.token_hex(6)
        self._numbers = count(1)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started = perf_counter()
        path: str = scope["path"]
        request_id = _header(scope, b"x-request-id")
        if request_id is None or not _SANE_ID.fullmatch(request_id):
            request_id = f"{self._prefix}-{next(self._numbers):x}".encode()
        extra = [*(_PAGE if path.startswith("/docs") else _ANSWER), (b"x-request-id", request_id)]
        if self._draining.begun:
            extra.append((b"connection", b"close"))
        status = 0
        whole = Whole(scope, send)

        async def send_with_headers(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message["headers"], *extra]
            await whole(message)

        try:
            if refusal := self._refusal(scope, path):
                await refusal.response(path)(scope, receive, send_with_headers)
            else:
                await self._answered(scope, receive, send_with_headers)
        except TimeoutError:
            if status:
                raise
            await self._admission.too_late().response(path)(scope, receive, send_with_headers)
        except Exception:
            log.exception("request %s failed: %s", request_id.decode(), scope.get("method"))
            if status:
                raise
            failure = Problem(500, "internal", f"this is our fault; the log has it under request {request_id.decode()}")
            await failure.response(path)(scope, receive, send_with_headers)
        finally:
            route = getattr(scope.get("route"), "path_format", "(none)")
            self._metrics.observe(route, scope["method"], status, perf_counter() - started)

    async def _answered(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The application's answer. Raises TimeoutError where there is none in time."""
        self._admission.under_way += 1
        try:
            async with asyncio.timeout(self._admission.limits.answer_seconds):
                await self.app(scope, _counted(receive), send)
        finally:
            self._admission.under_way -= 1

    def _refusal(self, scope: Scope, path: str) -> Problem | None:
        """Why this request may not pass, if so."""
        told = _header(scope, b"content-length") or b""
        if told.isdigit() and int(told) > LONGEST_BODY:
            return _too_long()
        digests = self._key_digests()
        if digests is None or path.startswith(OPEN_PATHS):
            return self._admission.refusal(scope, (scope.get("client") or ("",))[0])
        given = _header(scope, b"x-api-key")
        if given is None:
            scheme, _, token = (_header(scope, b"authorization") or b"").partition(b" ")
            given = token.strip() if scheme.lower() == b"bearer" else None
        challenge = {"WWW-Authenticate": "Bearer"}
        if not given:
            return Problem(401, "key_missing", "send your key as `Authorization: Bearer …` or `X-API-Key`", challenge)
        caller = digest(given.decode("latin-1"))
        scopes = digests.get(caller)
        if scopes is None:
            detail = "this key is not known; make one with `readership keys create NAME` where the API runs"
            return Problem(401, "key_unknown", detail, challenge)
        if (needed := scope_of(scope["method"], path)) not in scopes:
            detail = f"this key lacks the scope {needed!r}, and has {', '.join(sorted(scopes))}; use another key"
            return Problem(403, "scope_lacking", detail)
        return self._admission.refusal(scope, caller)


def _counted(receive: Receive) -> Receive:
    """The same messages, as long as the body does not grow too long."""
    length = 0

    async def receive_counted() -> Message:
        nonlocal length
        message = await receive()
        length += len(message.get("body", b""))
        if length > LONGEST_BODY:
            raise _too_long()
        return message

    return receive_counted


def _too_long() -> Problem:
    return Problem(413, "body_too_long", f"the body is longer than {LONGEST_BODY:,} bytes; send it in parts")


def _header(scope: Scope, name: bytes) -> bytes | None:
    for key, value in scope["headers"]:
        if key == name:
            return value
    return None
