"""What every report says of the log it rests on."""

from datetime import UTC, datetime
from typing import Any, NamedTuple

from readership.errors import NotEnoughData
from readership.pipelines.truth import held_world
from readership.settings import Settings
from readership.warehouse import Warehouse, read_sql


class Log(NamedTuple):
    """When the log begins, and the part `data` of an evaluation: source, events, readers, from, to."""

    first: datetime
    data: dict[str, Any]


def describe_log(warehouse: Warehouse, settings: Settings) -> Log:
    """The log as it is now. Raises NotEnoughData where it is empty."""
    span = warehouse.frame(read_sql("readership.pipelines.sql", "log_span"), snapshot_at=datetime.now(UTC)).row(
        0, named=True
    )
    if not span["events"]:
        raise NotEnoughData(
            "the warehouse holds no events; `readership demo` or `readership simulate` make some, "
            "`readership ingest FILE` loads yours"
        )
    source = "simulated publisher" if held_world(warehouse) else f"event log in database {warehouse.database!r}"
    data = {
        "source": source if settings.brand is None else f"{source}, brand {settings.brand!r} alone",
        "events": span["events"],
        "readers": span["readers"],
        "from": span["first"].isoformat(),
        "to": span["last"].isoformat(),
    }
    return Log(span["first"], data)
