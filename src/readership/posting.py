"""JSON by POST to a receiver that may be away or busy: asked again, after pauses that grow, until it has taken it."""

import http.client
import random
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import NamedTuple, Self
from urllib.parse import urlsplit

from readership.errors import DeliveryError

ATTEMPTS = 6
ANSWER_SECONDS = 30.0
LONGEST_PAUSE_SECONDS = 8.0
LONGEST_ASKED_SECONDS = 120.0
"""A receiver that asks for a longer pause is not waited for."""
_TRY_AGAIN = {408, 425, 429}


class Remedies(NamedTuple):
    """What to do, in the words of the command that posts: where the key is refused, and where nobody answers."""

    key: str
    again: str


def is_web(address: str) -> bool:
    """Whether this is `http://host…` or `https://host…`.

    >>> is_web("https://crm.example:8443/hook?list=7"), is_web("ftp://crm.example"), is_web("http://:80"), is_web("http://a:b")
    (True, False, False, False)
    """
    try:
        parts = urlsplit(address)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


class Post:
    """One line to a receiver, opened again whenever it was closed; no redirect is followed."""

    def __init__(
        self,
        address: str,
        key: str | None,
        remedies: Remedies,
        *,
        sleep: Callable[[float], None] = time.sleep,
        chance: Callable[[], float] = random.random,
    ) -> None:
        parts = urlsplit(address)
        self._shown, self._remedies, self._sleep, self._chance = shown(address), remedies, sleep, chance
        self._path = parts.path + (f"?{parts.query}" if parts.query else "") or "/"
        self._headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {key}"} if key else {})
        kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        self._line = kind(parts.hostname or "", parts.port, timeout=ANSWER_SECONDS)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._line.close()

    def send(self, body: bytes, headers: Mapping[str, str] | None = None) -> bytes:
        """Post one body and return the answer's, once its status is 2xx.

        Raises DeliveryError after six attempts, or at once where trying again cannot help.
        """
        problem = ""
        for attempt in range(ATTEMPTS):
            try:
                self._line.request("POST", self._path, body, self._headers | dict(headers or {}))
                with self._line.getresponse() as answer:
                    status, text, pause = answer.status, answer.read(), answer.getheader("Retry-After")
            except (OSError, http.client.HTTPException) as error:
                self._line.close()
                problem, pause = f"it does not answer ({error})", None
            else:
                if 200 <= status < 300:
                    return text
                problem = f"it answered {status} {text[:200].decode(errors='replace')}"
                if status not in _TRY_AGAIN and status < 500:
                    remedy = self._remedies.key if status in (401, 403) else "check the address"
                    raise DeliveryError(f"{self._shown}: {problem}; {remedy}; the batch was not taken")
            seconds = self._seconds(pause, attempt)
            if seconds > LONGEST_ASKED_SECONDS:
                raise DeliveryError(
                    f"{self._shown}: {problem}, and asks to wait {seconds:,.0f} s; {self._remedies.again}"
                )
            if attempt < ATTEMPTS - 1:
                self._sleep(seconds)
        raise DeliveryError(f"{self._shown}: {problem}, {ATTEMPTS} times; {self._remedies.again}")

    def _seconds(self, pause: str | None, attempt: int) -> float:
        """What the receiver asks for; else half a second, doubled each time, up to a half of it left to chance."""
        asked = _asked(pause) if pause else None
        if asked is not None:
            return asked
        return min(0.5 * 2**attempt, LONGEST_PAUSE_SECONDS) * (0.5 + 0.5 * self._chance())


def shown(address: str) -> str:
    """An address without what may be secret in it: user, password and query.

    >>> shown("https://user:secret@crm.example:8443/hook?token=secret")
    'https://crm.example:8443/hook'
    """
    parts = urlsplit(address)
    port = f":{parts.port}" if parts.port else ""
    return f"{parts.scheme}://{parts.hostname}{port}{parts.path}"


def _asked(pause: str) -> float | None:
    """Seconds of a `Retry-After`, which is a number or a date; None where it is neither.

    >>> _asked("3"), _asked("Wed, 21 Oct 2015 07:28:00 GMT"), _asked("soon")
    (3.0, 0.0, None)
    """
    if pause.isdigit():
        return float(pause)
    try:
        moment = parsedate_to_datetime(pause)
    except ValueError:
        return None
    until = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max(0.0, (until - datetime.now(UTC)).total_seconds())
