"""When a request arrived: noted as its first bytes are read, since a worker that is behind only gets to it later."""

from time import perf_counter

from starlette.types import Scope
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

_KEY = "readership.arrived"


class NotingProtocol(HttpToolsProtocol):
    """uvicorn's HTTP protocol with that note."""

    def on_message_begin(self) -> None:
        """A request begins to be read."""
        super().on_message_begin()
        self.scope["state"][_KEY] = perf_counter()


def waited_seconds(scope: Scope, now: float) -> float:
    """How long a request has waited to be begun; 0 where that was not noted."""
    arrived: float = scope.get("state", {}).get(_KEY, now)
    return now - arrived
