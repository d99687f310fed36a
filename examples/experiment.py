"""An experiment from its definition to its events, over HTTP, with made-up readers whose answer is known.

    python examples/experiment.py define            # experiments/more-reading.toml, begun twelve days ago
    python examples/experiment.py history           # what readers did in the eight weeks before
    python examples/experiment.py run               # each asks for a variant and reads on for eight days

`docs/experiments.md` has the commands between these. Readers of "hybrid" open EFFECT more articles than they would.
"""

import argparse
import http.client
import json
import os
import random
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import quote, urlsplit

KEY, EFFECT = "more-reading", 0.08
BEFORE_DAYS, AFTER_DAYS = 56, 8
A_DAY, AT_ONCE, THREADS = 0.5, 1000, 4
DEFINITION = """\
hypothesis = "Personal ranking makes readers open more articles."
unit = "reader"
variants = ["control", "hybrid"]
weights = [0.5, 0.5]
start = {start}
end = {end}
window_days = 7
pre_days = 28
expected_units = 20000
segments = ["device_type"]

[metrics.articles]
kind = "mean"
measure = "article_views"

[guardrails.active_days]
kind = "mean"
measure = "active_days"
margin = 0.05
"""


def definition() -> Path:
    """Where the definition lies: below READERSHIP_HOME, or here."""
    return Path(os.environ.get("READERSHIP_HOME", ".")) / "experiments" / f"{KEY}.toml"


def begun() -> datetime:
    """The day the experiment started, by its definition."""
    line = next(line for line in definition().read_text().splitlines() if line.startswith("start"))
    return datetime.fromisoformat(line.split("=")[1].strip()).replace(tzinfo=UTC)


def define() -> None:
    start = datetime.now(UTC).date() - timedelta(days=12)
    definition().parent.mkdir(parents=True, exist_ok=True)
    definition().write_text(DEFINITION.format(start=start, end=start + timedelta(days=1)))
    print(f"{definition()}; serve with READERSHIP_NOW={start}T09:00:00Z, as if it were that day")


def reader(number: int) -> tuple[str, random.Random, float, str]:
    """Id, own randomness, articles a day and device of a reader: the same each time."""
    own = random.Random(f"reader {number}")
    return f"reader-{number}", own, own.gammavariate(1.5, A_DAY / 1.5), own.choice(("mobile", "desktop"))


def visits(number: int, first: datetime, days: int, more: float = 0.0) -> Iterator[dict[str, object]]:
    """The articles that a reader opens in these days, at any time of them."""
    name, _, rate, device = reader(number)
    own = random.Random(f"visits {number} {days}")
    at = first
    while (at := at + timedelta(days=own.expovariate(rate * (1 + more)))) < first + timedelta(days=days):
        moment = at.isoformat(timespec="seconds")
        yield {
            "event_id": f"{name}-{moment}-{own.randrange(10**6)}",
            "user_id": name,
            "event_type": "article_view",
            "timestamp": moment,
            "received_at": moment,
            "article_id": f"a{own.randrange(500)}",
            "device_type": device,
            "consent": {"analytics": True},
        }


class Api:
    """One connection that stays open."""

    def __init__(self, url: str) -> None:
        self._api = http.client.HTTPConnection(urlsplit(url).netloc, timeout=60)

    def ask(self, method: str, path: str, body: object = None) -> dict[str, object]:
        text = None if body is None else json.dumps(body)
        self._api.request(method, path, text, {"Content-Type": "application/json"})
        answer = self._api.getresponse()
        found: dict[str, object] = json.loads(answer.read())
        if answer.status >= 300:
            raise SystemExit(f"{method} {path}: {answer.status} {found}")
        return found

    def variant(self, name: str) -> str:
        return str(self.ask("GET", f"/v1/experiments/{KEY}/assignment?reader_id={quote(name)}")["variant"])

    def close(self) -> None:
        self._api.close()

    def send(self, events: list[dict[str, object]]) -> int:
        for begin in range(0, len(events), AT_ONCE):
            self.ask("POST", "/v1/events", events[begin : begin + AT_ONCE])
        return len(events)


def history(url: str, numbers: range) -> str:
    first = begun() - timedelta(days=BEFORE_DAYS)
    with closing(Api(url)) as api:
        sent = api.send([event for n in numbers for event in visits(n, first, BEFORE_DAYS)])
    return f"{sent:,} events of {len(numbers):,} readers"


def run(url: str, numbers: range) -> str:
    variants: dict[str, int] = {"control": 0, "hybrid": 0}
    events: list[dict[str, object]] = []
    with closing(Api(url)) as api:
        began = time.monotonic()
        for n in numbers:
            variant = api.variant(reader(n)[0])
            variants[variant] += 1
            events += visits(n, begun() + timedelta(hours=12), AFTER_DAYS, EFFECT if variant == "hybrid" else 0.0)
        rate = len(numbers) / (time.monotonic() - began)
        return f"{variants}, {rate:,.0f} assignments a second; {api.send(events):,} events"


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("step", choices=("define", "history", "run"))
    asked.add_argument("--url", default="http://127.0.0.1:8000")
    asked.add_argument("--readers", type=int, default=20_000)
    given = asked.parse_args()
    if given.step == "define":
        define()
        return
    begun()  # or there is nothing to do
    step, size = {"history": history, "run": run}[given.step], -(-given.readers // THREADS)
    parts = [range(begin, min(begin + size, given.readers)) for begin in range(0, given.readers, size)]
    with ThreadPoolExecutor(THREADS) as pool:
        for line in pool.map(lambda part: step(given.url, part), parts):
            print(line)


if __name__ == "__main__":
    main()
