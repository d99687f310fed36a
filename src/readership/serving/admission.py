"""Which requests a worker takes on: those it can still answer in time. The others are told at once to ask again.

A worker that takes on everything answers everything too late. All of this is kept by one worker for itself.
"""

from collections.abc import Mapping
from time import perf_counter
from typing import NamedTuple

from starlette.types import Scope

from readership.serving.arrival import waited_seconds
from readership.serving.problems import Problem
from readership.settings import Settings

ALWAYS = ("/healthz", "/readyz", "/metrics", "/v2/health/live", "/v2/health/ready")
"""Taken on whatever happens: those who run the API must see how it is."""
LONGEST_PATH, LONGEST_QUERY = 2_000, 8_000
_CALLERS = 10_000
"""Callers whose rate is remembered; then those who could ask again are forgotten."""


class Limits(NamedTuple):
    """See docs/settings.md: `READERSHIP_API_` and the name."""

    at_once: int = 64
    wait_seconds: float = 1.0
    answer_seconds: float = 10.0
    rate: float = 0.0

    @classmethod
    def of(cls, settings: Settings) -> "Limits":
        """As set."""
        return cls(settings.api_at_once, settings.api_wait_seconds, settings.api_answer_seconds, settings.api_rate)


class Admission:
    """Counts what is under way, and lets in what the limits leave."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.under_way = 0
        self._rates = Rates(limits.rate)

    def refusal(self, scope: Scope, caller: str) -> Problem | None:
        """Why this request of `caller` is not taken on, if so: 414 too long, 429 too often, 503 too much at once."""
        if scope["path"] in ALWAYS:
            return None
        if len(scope["path"]) > LONGEST_PATH or len(scope["query_string"]) > LONGEST_QUERY:
            detail = f"a path may have {LONGEST_PATH:,} characters and a query {LONGEST_QUERY:,}; send less"
            return Problem(414, "address_too_long", detail)
        now = perf_counter()
        waited = waited_seconds(scope, now)
        if waited > self.limits.wait_seconds:
            return _busy(f"this request waited {waited:.1f} s before it could be begun")
        if self.under_way >= self.limits.at_once:
            return _busy(f"{self.under_way} requests are under way in this worker")
        if self.limits.rate and (wait := self._rates.wait_seconds(caller, now)):
            detail = f"a caller may ask {self.limits.rate:g} times a second in each worker; ask again in {wait:.1f} s"
            return Problem(429, "rate_limited", detail, {"Retry-After": str(int(wait) + 1)})
        return None

    def too_late(self) -> Problem:
        """The answer where none was found in time."""
        detail = f"there was no answer within {self.limits.answer_seconds:g} s; ask again"
        return Problem(503, "too_late", detail, {"Retry-After": "1"})


class Rates:
    """A bucket of tokens for each caller: `rate` flow in a second, as many as that fit; a request takes one.

    >>> rates = Rates(2.0)
    >>> [rates.wait_seconds("newsroom", now=10.0) for _ in range(3)], rates.wait_seconds("newsroom", now=10.5)
    ([0.0, 0.0, 0.5], 0.0)
    """

    def __init__(self, rate: float) -> None:
        self._rate, self._most = rate, max(rate, 1.0)
        self._held: dict[str, tuple[float, float]] = {}

    @property
    def held(self) -> Mapping[str, tuple[float, float]]:
        """Tokens of each caller, and when that was so."""
        return self._held

    def wait_seconds(self, caller: str, now: float) -> float:
        """0 where this request is within the rate, else how long until the next one would be."""
        tokens, since = self._held.get(caller, (self._most, now))
        tokens = min(tokens + (now - since) * self._rate, self._most)
        taken = tokens >= 1
        self._held[caller] = tokens - taken, now
        if len(self._held) > _CALLERS:
            full = self._most / self._rate
            self._held = {one: (left, at) for one, (left, at) in self._held.items() if now - at < full}
        return 0.0 if taken else (1 - tokens) / self._rate


def _busy(why: str) -> Problem:
    return Problem(503, "busy", f"more is asked than can be answered: {why}; ask again", {"Retry-After": "1"})
