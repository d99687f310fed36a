"""`DELETE /v1/readers/{reader_id}` and `GET /v1/erasures/{erasure_id}`: a reader is erased, and how far that is.

Answered once it is on disk that this reader is erased: from then on no worker answers anything of them and nothing
about them is taken. Whoever opens the warehouse next erases the rows.
"""

import asyncio
from typing import Annotated

from fastapi import FastAPI, Path
from starlette.responses import JSONResponse, Response

from readership.errors import InputError, StoreError
from readership.events.identity import reader_key
from readership.events.receipts import Receipt, Receipts
from readership.serving.answers import ErasureAnswer
from readership.serving.desk import Desk
from readership.serving.openapi import problems
from readership.serving.problems import Problem
from readership.serving.readers import ReaderId
from readership.settings import Settings

ErasureId = Annotated[str, Path(description="as in the answer to the request")]


def add_erasures(app: FastAPI, desk: Desk, settings: Settings) -> None:
    """Add the routes."""
    receipts = Receipts.of(settings)

    @app.delete(
        "/v1/readers/{reader_id:any}",
        status_code=202,
        tags=["readers"],
        summary="Erase a reader",
        response_model=ErasureAnswer,
        responses=problems(401, 403, 503),
    )
    async def erase(reader_id: ReaderId) -> Response:
        """At once for every answer; the warehouse follows. The id is never taken again, whoever sends it."""
        try:
            receipt = await asyncio.to_thread(_erase, desk, receipts, reader_id)
        except StoreError as error:
            raise Problem(503, error.code, str(error), {"Retry-After": "5"}) from error
        return JSONResponse(receipt.as_dict(), 202, {"Location": f"/v1/erasures/{receipt.id}"})

    @app.get(
        "/v1/erasures/{erasure_id}",
        tags=["readers"],
        summary="How far an erasure is",
        response_model=ErasureAnswer,
        responses=problems(401, 403, 404),
    )
    async def erasure(erasure_id: ErasureId) -> Response:
        """`accepted`, `online_erased` (nothing is answered any more), then `erased` (the warehouse as well)."""
        try:
            receipt = await asyncio.to_thread(receipts.read, erasure_id)
        except InputError as error:
            raise Problem(404, "erasure_unknown", str(error)) from error
        return JSONResponse(receipt.as_dict())


def _erase(desk: Desk, receipts: Receipts, reader_id: str) -> Receipt:
    """The receipt first: should this process die, whoever opens the warehouse completes what it names."""
    reader = reader_key(reader_id)
    desk.recording()
    receipt = receipts.accept(reader_id)
    desk.erased.add(reader)
    desk.forget(reader)
    return receipts.online(receipt)
