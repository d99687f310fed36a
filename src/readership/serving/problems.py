"""Errors over HTTP: RFC 9457 `application/problem+json` with a code that never changes meaning."""

from http import HTTPStatus

import msgspec
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from readership.errors import StoreError

MEDIA_TYPE = "application/problem+json"
_CODES = {404: "route_unknown", 405: "method_not_allowed"}


class Problem(Exception):
    """An answer that is an error: what happened, and what to do about it."""

    def __init__(self, status: int, code: str, detail: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(detail)
        self.status, self.code, self.detail, self.headers = status, code, detail, headers

    def response(self, path: str) -> Response:
        """The problem as JSON, `instance` being the path that was asked."""
        body = {
            "type": f"urn:readership:problem:{self.code}",
            "title": HTTPStatus(self.status).phrase,
            "status": self.status,
            "code": self.code,
            "detail": self.detail,
            "instance": path,
        }
        return Response(msgspec.json.encode(body), self.status, self.headers, MEDIA_TYPE)


def add_problem_handlers(app: FastAPI) -> None:
    """Answer every kind of error as a problem; what nobody expected is the edge's business (`edge.py`)."""

    @app.exception_handler(Problem)
    async def problem(request: Request, error: Problem) -> Response:
        return error.response(request.url.path)

    @app.exception_handler(StoreError)
    async def store(request: Request, error: StoreError) -> Response:
        return Problem(503, error.code, str(error), {"Retry-After": "5"}).response(request.url.path)

    @app.exception_handler(HTTPException)
    async def http(request: Request, error: HTTPException) -> Response:
        if error.status_code == 400:  # FastAPI's word for a body that is not even text
            detail = "the body cannot be read: it is no JSON in UTF-8; see /docs"
            return Problem(422, "request_invalid", detail).response(request.url.path)
        code = _CODES.get(error.status_code, "http")
        detail = f"{request.method} {request.url.path}: {error.detail}; the routes are listed at /docs"
        headers = dict(error.headers) if error.headers else None
        return Problem(error.status_code, code, detail, headers).response(request.url.path)

    @app.exception_handler(RequestValidationError)
    async def invalid(request: Request, error: RequestValidationError) -> Response:
        first = error.errors()[0]
        where = " ".join(str(part) for part in first["loc"])
        detail = f"{where} is {first.get('input')!r}: {first['msg']}; see /docs"
        return Problem(422, "request_invalid", detail).response(request.url.path)
