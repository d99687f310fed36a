"""A constant load that looks at every answer: `python -m readership.benchmarks.steady_load '{"port": …}'`.

Requests fall due at random moments of a fixed mean rate, whether or not earlier ones were answered. A client keeps its
connections open, and asks once more where one was cut. An answer is correct where its status is a success and its body
is the documented one for what was asked. Ids of events that were acknowledged are written down, one a line.
"""

import asyncio
import json
import random
import sys
import uuid
from asyncio import StreamReader, StreamWriter
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter
from typing import Any, NamedTuple, TextIO

PATIENCE_SECONDS = 15.0
"""An answer that takes longer counts as none."""
AGAIN_SECONDS = 0.05
SHARES = {"churn": 0.5, "recommendations": 0.3, "event": 0.19, "article": 0.01}
MIX = (
    "{rate:.0f} requests a second fall due at random moments for {minutes:g} minutes, from a process of its own beside "
    "the server: 50 % churn, 30 % recommendations, 19 % POST of one event, 1 % PUT of an article."
)


@dataclass
class Steady:
    """What to ask; `acknowledged` is the file for ids of events."""

    port: int
    rate: float
    seconds: float
    readers: int
    articles: int
    acknowledged: str
    seed: int = 1


class Question(NamedTuple):
    """A request as it goes over the wire, what answers it correctly, and the id of the event it brings."""

    kind: str
    request: bytes
    correct: Callable[[int, Any], bool]
    event_id: str = ""


class Answer(NamedTuple):
    """Status and body; whether the connection stays open."""

    status: int
    body: bytes
    open: bool


@dataclass
class Tally:
    """What came of the requests."""

    asked: Counter[str] = field(default_factory=Counter)
    correct: Counter[str] = field(default_factory=Counter)
    wrong: Counter[str] = field(default_factory=Counter)
    asked_again: int = 0
    slowest_ms: float = 0.0
    versions: Counter[str] = field(default_factory=Counter)

    def summary(self) -> dict[str, Any]:
        """As JSON; `wrong` by kind and what came instead."""
        counts = {name: dict(getattr(self, name)) for name in ("asked", "correct", "wrong", "versions")}
        return {**counts, "asked_again": self.asked_again, "slowest_ms": round(self.slowest_ms, 1)}


def question(load: Steady, chance: random.Random) -> Question:
    """The next request."""
    (kind,) = chance.choices([*SHARES], [*SHARES.values()])
    reader, article = str(chance.randrange(load.readers)), f"a{chance.randrange(load.articles)}"
    if kind == "churn":
        return Question(kind, _get(f"/v1/readers/{reader}/churn"), lambda status, body: _churn(status, body, reader))
    if kind == "recommendations":
        path = f"/v1/readers/{reader}/recommendations?n=5"
        return Question(kind, _get(path), lambda status, body: _slate(status, body, reader))
    if kind == "article":
        told = {"title": f"Story {article}", "category": "category1"}
        request = _send("PUT", f"/v1/articles/{article}", told)
        return Question(kind, request, lambda status, body: status == 200 and body["article_id"] == article)
    event_id = str(uuid.UUID(int=chance.getrandbits(128), version=4))
    event = {
        "event_id": event_id,
        "user_id": reader,
        "event_type": "article_view",
        "timestamp": datetime.now(UTC).isoformat(timespec="milliseconds"),
        "article_id": article,
        "consent": {"analytics": True, "personalisation": True},
    }
    return Question(kind, _send("POST", "/v1/events", event), _accepted, event_id)


def _churn(status: int, body: Any, reader: str) -> bool:
    return status == 200 and body["reader_id"] == reader and 0 < body["probability"] < 1 and bool(body["model_version"])


def _slate(status: int, body: Any, reader: str) -> bool:
    return status == 200 and body["reader_id"] == reader and len(body["recommendations"]) == 5


def _accepted(status: int, body: Any) -> bool:
    return status == 202 and (body["accepted"], body["refused"]) == (1, 0)


def _get(path: str) -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode()


def _send(method: str, path: str, content: dict[str, Any]) -> bytes:
    body = json.dumps(content)
    head = f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
    return f"{head}Content-Length: {len(body)}\r\n\r\n{body}".encode()


class Connections:
    """Those to the server that are open and free."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._free: list[tuple[StreamReader, StreamWriter]] = []

    async def ask(self, request: bytes, fresh: bool) -> Answer:
        """One answer. Raises OSError or IncompleteReadError where the connection was cut, TimeoutError."""
        reader, writer = await self._connection(fresh)
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                writer.write(request)
                answer = await read_answer(reader)
        except BaseException:
            writer.close()
            raise
        if answer.open:
            self._free.append((reader, writer))
        else:
            writer.close()
        return answer

    async def _connection(self, fresh: bool) -> tuple[StreamReader, StreamWriter]:
        while self._free and not fresh:
            reader, writer = self._free.pop()
            if not reader.at_eof():
                return reader, writer
            writer.close()
        return await asyncio.open_connection("127.0.0.1", self._port)

    def close(self) -> None:
        """All of them."""
        for _, writer in self._free:
            writer.close()


async def read_answer(reader: StreamReader) -> Answer:
    """The next answer of a connection; it must state its length."""
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    length = int(head.partition(b"content-length:")[2].partition(b"\r")[0])
    return Answer(int(head[9:12]), await reader.readexactly(length), b"connection: close" not in head)


class Client:
    """Asks when requests fall due, and counts."""

    def __init__(self, load: Steady, acknowledged: TextIO) -> None:
        self.load, self.tally = load, Tally()
        self._acknowledged = acknowledged
        self._connections = Connections(load.port)

    async def run(self) -> Tally:
        """Ask for `seconds`, then wait for what is under way."""
        chance, until = random.Random(self.load.seed), perf_counter() + self.load.seconds
        due, under_way = perf_counter(), set[asyncio.Task[None]]()
        while due < until:
            await asyncio.sleep(max(0.0, due - perf_counter()))
            task = asyncio.create_task(self._ask(question(self.load, chance), due))
            under_way.add(task)
            task.add_done_callback(under_way.discard)
            due += chance.expovariate(self.load.rate)
        await asyncio.gather(*under_way)
        self._connections.close()
        return self.tally

    async def _ask(self, asked: Question, due: float) -> None:
        self.tally.asked[asked.kind] += 1
        found = await self._found(asked)
        self.tally.slowest_ms = max(self.tally.slowest_ms, (perf_counter() - due) * 1000)
        if found:
            self.tally.wrong[f"{asked.kind}: {found}"] += 1
            return
        self.tally.correct[asked.kind] += 1

    async def _found(self, asked: Question) -> str:
        """What was wrong with the answer; "" where nothing was."""
        for again in (False, True):
            try:
                answer = await self._connections.ask(asked.request, fresh=again)
            except TimeoutError:
                return "no answer in time"
            except (OSError, EOFError) as error:
                if again:
                    return type(error).__name__
                self.tally.asked_again += 1
                await asyncio.sleep(AGAIN_SECONDS)
                continue
            return self._judged(asked, answer)
        raise AssertionError

    def _judged(self, asked: Question, answer: Answer) -> str:
        try:
            body = json.loads(answer.body)
            good = asked.correct(answer.status, body)
        except (ValueError, KeyError, TypeError):
            return f"{answer.status}, not the documented body"
        if not good:
            return f"{answer.status} {body.get('code', 'not what was asked')}"
        if asked.kind == "churn":
            self.tally.versions[body["model_version"]] += 1
        if asked.event_id:
            self._acknowledged.write(f"{asked.event_id}\n")
        return ""


def main() -> None:
    """Run the load given as one JSON argument and print its summary as JSON."""
    load = Steady(**json.loads(sys.argv[1]))
    with Path(load.acknowledged).open("w", encoding="utf-8") as acknowledged:
        tally = asyncio.run(Client(load, acknowledged).run())
    print(json.dumps(tally.summary()))


if __name__ == "__main__":
    main()
