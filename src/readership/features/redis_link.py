"""The way of one process to a Redis or Valkey server: short waits, and none at all while it is known to be away.

An answer that cannot be had costs an event loop at most `ANSWER_SECONDS`, once: until somebody beside the loop reached
the server again, whoever asks on the loop is told at once.
"""

import asyncio
import threading
import time
from collections.abc import Callable
from importlib.resources import files
from typing import Any, ClassVar, TypeVar

from readership.errors import MissingExtra, StoreError, StoreUnreachable
from readership.settings import RedisPlace, redact

ANSWER_SECONDS, PATIENT_SECONDS = 0.3, 30.0
AWAY_SECONDS = 0.4
"""A server that did not answer is not asked again for so long."""
_Answer = TypeVar("_Answer")


class RedisLink:
    """Connections to one server, shared by the threads of a process; use `of`."""

    _all: ClassVar[dict[tuple[str, float], "RedisLink"]] = {}
    _making: ClassVar[threading.Lock] = threading.Lock()

    def __init__(self, place: RedisPlace, seconds: float) -> None:
        try:
            import redis
            from redis.backoff import NoBackoff
            from redis.retry import Retry
        except ModuleNotFoundError as error:
            raise MissingExtra(
                "READERSHIP_ONLINE_STORE names a Redis server, which needs more packages: "
                "pip install 'readership[redis]'"
            ) from error
        self._errors, self._away_errors = redis.RedisError, (redis.ConnectionError, redis.TimeoutError, OSError)
        self._name = redact(place.address.partition("?")[0])
        self._away: StoreUnreachable | None = None
        self._tried = 0.0
        try:
            self._client = redis.Redis.from_url(
                place.address,
                socket_connect_timeout=seconds,
                socket_timeout=seconds,
                retry=Retry(NoBackoff(), 1, supported_errors=(redis.ConnectionError,)),
            )
        except (ValueError, TypeError) as error:
            raise StoreError(f"READERSHIP_ONLINE_STORE {self._name} cannot be used: {redact(str(error))}") from error

    @classmethod
    def of(cls, place: RedisPlace, *, patient: bool = False) -> "RedisLink":
        """The link of this process; a patient one, for batches, waits as long as a busy server may take."""
        key = (place.address, PATIENT_SECONDS if patient else ANSWER_SECONDS)
        with cls._making:
            if key not in cls._all:
                cls._all[key] = cls(place, key[1])
            return cls._all[key]

    def ask(self, what: Callable[[Any], _Answer]) -> _Answer:
        """What the server answers to `what`, which is given the client.

        Raises StoreUnreachable where it does not answer, StoreError where it refuses.
        """
        if self._away and (time.monotonic() - self._tried < AWAY_SECONDS or _on_an_event_loop()):
            raise self._away
        try:
            answer = what(self._client)
        except self._away_errors as error:
            self._tried = time.monotonic()
            self._away = StoreUnreachable(
                f"the online store {self._name} does not answer: {redact(str(error))}; see that it runs and that "
                "READERSHIP_ONLINE_STORE names it; it is asked again by itself"
            )
            raise self._away from error
        except self._errors as error:
            raise StoreError(f"the online store {self._name} refuses: {redact(str(error))}") from error
        self._away = None
        return answer

    def script(self, name: str) -> Callable[..., Any]:
        """A script of the folder `lua`, which the server runs as a whole: `script(keys, args)`."""
        made = self._client.register_script(files("readership.features").joinpath("lua", f"{name}.lua").read_text())
        return lambda keys, args: self.ask(lambda _: made(keys=keys, args=args))


def _on_an_event_loop() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True
