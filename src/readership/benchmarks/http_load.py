"""Load for an HTTP server, in a process of its own: `python -m readership.benchmarks.http_load '{"port": …}'`.

Keep-alive connections write and read raw bytes, so that little of the machine goes into asking. Two forms:

closed  every connection asks again as soon as it is answered: finds the most requests per second. Its latencies
        flatter a server that stalls, because a stalled server is asked less.
open    requests fall due at random moments of a fixed mean rate, whether or not earlier ones were answered, and
        latency counts from the moment one fell due, the wait for a free connection included.
"""

import asyncio
import json
import random
import sys
from collections import deque
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from itertools import count
from time import perf_counter
from typing import cast


@dataclass
class Ask:
    """One kind of request: a path, and a body to POST ("": GET). `{reader}` becomes a number below `Load.readers`,
    `{number}` counts requests, `{now}` is the time. Of all requests, `share` in the sum of the shares are of this kind.
    """

    path: str
    body: str = ""
    share: float = 1.0


@dataclass
class Load:
    """What to ask, and how; `rate` 0 is a closed loop."""

    port: int
    asks: tuple[Ask, ...]
    readers: int
    seconds: float
    connections: int
    rate: float = 0.0
    seed: int = 1


@dataclass
class Outcome:
    """Answers with status 200 or 202, everything else, and latencies in milliseconds of the former."""

    answered: int = 0
    errors: int = 0
    seconds: float = 0.0
    latencies: list[float] = field(default_factory=list)

    def summary(self) -> dict[str, float]:
        """Rate, errors, and latency at the 50th, 99th and 99.9th percentile."""
        ordered = sorted(self.latencies)
        at = {
            name: ordered[min(int(len(ordered) * q), len(ordered) - 1)] if ordered else float("nan") for name, q in _Q
        }
        return {"answered": self.answered, "errors": self.errors, "rps": self.answered / self.seconds, **at}


PATIENCE = 5.0
"""Seconds to wait for answers to what was asked in time."""
_Q = (("p50_ms", 0.5), ("p99_ms", 0.99), ("p999_ms", 0.999))


class Connection(asyncio.Protocol):
    """One keep-alive connection; asks one thing at a time."""

    def __init__(self, caller: "Caller") -> None:
        self._caller = caller
        self._due = 0.0
        self._buffer = b""
        self._transport: asyncio.WriteTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Free to ask."""
        self._transport = cast(asyncio.WriteTransport, transport)
        self._caller.free(self)

    def ask(self, request: bytes, due: float) -> None:
        """Send one request that fell due at `due`."""
        assert self._transport is not None
        self._due = due
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        """Collect one answer; the next question follows it."""
        self._buffer += data
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            return
        length = int(self._buffer[:end].lower().partition(b"content-length:")[2].partition(b"\r")[0])
        if len(self._buffer) < end + 4 + length:
            return
        good = self._buffer.startswith((b"HTTP/1.1 200", b"HTTP/1.1 202"))
        self._buffer = b""
        self._caller.answered(self, good, self._due)

    def connection_lost(self, error: Exception | None) -> None:
        """The server hung up: an error unless we are done."""
        self._caller.lost()


def written(ask: Ask, reader: int, number: int, seed: int) -> bytes:
    """The request as it goes over the wire.

    >>> written(Ask("/readers/{reader}"), 7, 0, 1)
    b'GET /readers/7 HTTP/1.1\\r\\nHost: 127.0.0.1\\r\\n\\r\\n'
    """
    path = ask.path.replace("{reader}", str(reader))
    if not ask.body:
        return f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode()
    now = datetime.now(UTC).isoformat(timespec="milliseconds")
    body = ask.body.replace("{reader}", str(reader)).replace("{number}", f"{seed}-{number}").replace("{now}", now)
    head = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
    return f"{head}Content-Length: {len(body.encode())}\r\n\r\n{body}".encode()


class Caller:
    """Gives connections what to ask, and counts."""

    def __init__(self, load: Load) -> None:
        self.load = load
        self.outcome = Outcome()
        self._requests = self._endless(random.Random(load.seed))
        self._idle: deque[Connection] = deque()
        self._due: deque[float] = deque()
        self._under_way = 0
        self._asking = True
        self._done = False

    def _endless(self, chance: random.Random) -> Iterator[bytes]:
        shares = [ask.share for ask in self.load.asks]
        for number in count():
            (ask,) = chance.choices(self.load.asks, shares)
            yield written(ask, chance.randrange(self.load.readers), number, self.load.seed)

    def free(self, connection: Connection) -> None:
        """This connection can ask."""
        if not self._asking:
            return
        if not self.load.rate:
            self._ask(connection, perf_counter())
        elif self._due:
            self._ask(connection, self._due.popleft())
        else:
            self._idle.append(connection)

    def _ask(self, connection: Connection, due: float) -> None:
        self._under_way += 1
        connection.ask(next(self._requests), due)

    def answered(self, connection: Connection, good: bool, due: float) -> None:
        """Count one answer."""
        self._under_way -= 1
        if good:
            self.outcome.answered += 1
            self.outcome.latencies.append((perf_counter() - due) * 1000)
        else:
            self.outcome.errors += 1
        self.free(connection)

    def lost(self) -> None:
        """Count a connection the server closed while it was needed."""
        if not self._done:
            self.outcome.errors += 1

    async def run(self) -> Outcome:
        """Ask for `seconds`, then let what fell due be answered; what is not within `PATIENCE` counts as errors."""
        loop = asyncio.get_running_loop()
        started = perf_counter()
        opened = [
            await loop.create_connection(lambda: Connection(self), "127.0.0.1", self.load.port)
            for _ in range(self.load.connections)
        ]
        await (self._fall_due(started) if self.load.rate else asyncio.sleep(self.load.seconds))
        self.outcome.seconds = perf_counter() - started
        self._asking = bool(self.load.rate)
        patience = perf_counter() + PATIENCE
        while self._under_way + len(self._due) and perf_counter() < patience:
            await asyncio.sleep(0.01)
        self.outcome.errors += self._under_way + len(self._due)
        self._done = True
        for transport, _ in opened:
            transport.close()
        return self.outcome

    async def _fall_due(self, started: float) -> None:
        """Requests at random moments (a Poisson process); those that find no free connection queue."""
        chance = random.Random(self.load.seed + 1)
        moment = started
        while moment < started + self.load.seconds:
            while moment <= perf_counter():
                if self._idle:
                    self._ask(self._idle.popleft(), moment)
                else:
                    self._due.append(moment)
                moment += chance.expovariate(self.load.rate)
            await asyncio.sleep(max(0.0, min(moment - perf_counter(), 0.05)))


def main() -> None:
    """Run the load given as one JSON argument and print its summary as JSON."""
    import uvloop

    given = json.loads(sys.argv[1])
    load = Load(**{**given, "asks": tuple(Ask(**ask) for ask in given["asks"])})
    outcome = uvloop.run(Caller(load).run())
    print(json.dumps({**outcome.summary(), "load": asdict(load)}))


if __name__ == "__main__":
    main()
