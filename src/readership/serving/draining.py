"""SIGTERM: say first that no more should come, answer what still comes, and only then stop."""

import asyncio
import logging
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

log = logging.getLogger("readership.serving")


class Draining:
    """`begun` from SIGTERM on: `/readyz` answers 503 and every answer asks to close its connection."""

    def __init__(self) -> None:
        self.begun = False

    @contextmanager
    def on_sigterm(self, seconds: float) -> Iterator[None]:
        """Begin on SIGTERM, and pass the signal on to the server's own handler `seconds` later, or when it comes again.

        Only in the main thread, where signals arrive.
        """
        if threading.current_thread() is not threading.main_thread() or not seconds:
            yield
            return
        loop, own = asyncio.get_running_loop(), signal.getsignal(signal.SIGTERM)

        def stop() -> None:
            if callable(own):
                own(signal.SIGTERM, None)

        def told(_number: int, _frame: FrameType | None) -> None:
            again, self.begun = self.begun, True
            if again:
                stop()
            else:
                log.info("told to stop: not ready any more, ending in %g s", seconds)
                loop.call_soon_threadsafe(loop.call_later, seconds, stop)

        signal.signal(signal.SIGTERM, told)
        try:
            yield
        finally:
            signal.signal(signal.SIGTERM, own)
