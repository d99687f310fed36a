"""Small logs for ingest tests."""

import json
import uuid
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

START = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
ALL = ("analytics", "personalisation", "advertising", "marketing")


def event(number: int, minute: float = 0, **fields: Any) -> dict[str, Any]:
    """Event `number` of reader "r", `minute` minutes after START, known at once."""
    at = START + timedelta(minutes=minute)
    base = {
        "event_id": str(uuid.UUID(int=number)),
        "user_id": "r",
        "event_type": "article_view",
        "timestamp": at.isoformat(),
        "consent": {"analytics": True, "personalisation": True, "advertising": False, "marketing": False},
    }
    return {name: value for name, value in {**base, **fields}.items() if value is not None}


def late(minutes: float) -> str:
    """A `received_at` this many minutes after START."""
    return (START + timedelta(minutes=minutes)).isoformat()


def write(path: Path, events: Iterable[dict[str, Any] | bytes | str]) -> Path:
    """Events, or lines as they are, as JSON lines."""
    with path.open("wb") as file:
        for line in events:
            raw = line if isinstance(line, bytes) else (line if isinstance(line, str) else json.dumps(line)).encode()
            file.write(raw + b"\n")
    return path
