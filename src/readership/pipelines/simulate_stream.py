"""`readership simulate --stream`: a world's events over HTTP or to Kafka, in the time in which they happen, scaled."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from readership.pipelines.making import Asked, Making
from readership.pipelines.progress import Progress
from readership.pipelines.simulate_files import Files, folder_of
from readership.settings import Settings
from readership.simulator.stream import Message, Pacer, Sink, messages, open_sink


def simulate_stream(
    asked: Asked,
    address: str,
    settings: Settings,
    *,
    speed: float = 3600.0,
    out: Path | None = None,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Send each event when its arrival is due, at `speed` simulated seconds a second (0: as fast as they are taken).

    All that is no event goes to the folder `out`, if one is given. Stopped, it says how far it came; the same command
    again sends the same events under the same ids. No warehouse is opened.
    """
    making = Making(asked, progress)
    files = folder_of(asked, out) if out else None
    with open_sink(address, settings.api_key.get_secret_value() if settings.api_key else None) as sink:
        sending = _Sending(sink, asked, speed)
        try:
            if files is None:
                _send(making, sending, None)
            else:
                with files:
                    _send(making, sending, files)
        except BaseException:
            if progress:
                progress.say(f"stopped: {sending}; the same command sends the same events again, under the same ids")
            raise
    went = {"address": address, "events_sent": sending.sent, "events_refused": sink.refused}
    return making.summary(went | ({"folder": str(out)} if out else {}))


def _send(making: Making, sending: "_Sending", files: Files | None) -> None:
    for day in making.days():
        sending.day(messages(day.events))
        if files:
            files.add_rest(day)
    if files:
        files.finish()


class _Sending:
    """How far a stream has come."""

    def __init__(self, sink: Sink, asked: Asked, speed: float) -> None:
        self.sent = 0
        self._sink, self._speed = sink, speed
        self._through_ms = int(asked.world.start.timestamp() * 1000)
        self._pacer = Pacer(speed, self._through_ms)

    def __str__(self) -> str:
        through = datetime.fromtimestamp(self._through_ms / 1000, UTC)
        return f"{self.sent:,} events sent, to {through:%Y-%m-%d %H:%M} of the world"

    def day(self, waiting: list[Message]) -> None:
        """Send a day's events as they fall due."""
        for batch in self._pacer.batches(waiting):
            self._pacer.wait(batch[-1].at_ms)
            self._sink.send(batch)
            self.sent += len(batch)
            self._through_ms = max(self._through_ms, batch[-1].at_ms)
